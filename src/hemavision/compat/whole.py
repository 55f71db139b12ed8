"""Files that appear whole or not at all, also where two processes write the same one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a name to write to, beside ``path`` and with its suffix, that becomes ``path`` then.

    No other writer gets the same name. What an error leaves behind is removed.
    """
    part = path.with_name(f"part-{secrets.token_hex(8)}-{path.name}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
