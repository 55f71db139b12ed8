"""From pixels to an answer: the one path of all pages and commands."""
