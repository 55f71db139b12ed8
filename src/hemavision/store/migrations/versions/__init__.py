"""One file a step, append-only: a step that was released is never edited."""
