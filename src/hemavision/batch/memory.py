"""Memory that a long run gives back."""

from __future__ import annotations

import ctypes
from contextlib import suppress

#: glibc's numbers of what is set, and bytes: what is larger has pages of its own.
_MMAP_THRESHOLD, _LARGE_BYTES = -3, 128 * 1024


def give_back_what_is_large() -> None:
    """Let pictures go back to the system when they are freed, where the system is glibc's.

    Left alone, glibc raises its limit with each large piece that is freed and keeps the later ones:
    a tenth of what a job takes.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
