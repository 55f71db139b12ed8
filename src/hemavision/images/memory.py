"""Memory that pictures took, given back to the system when they are freed."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # glibc's malloc.h
#: What a job gives back at once: else a tenth more is held.
LARGE_BYTES = 128 * 1024


def give_back_what_is_large(least_bytes: int, heaps: int | None = None) -> None:
    """Give each freed block of a size or more back at once, where the C library is glibc.

    glibc raises that size up to 32 MiB by itself once such blocks are freed, and keeps the later
    ones: after one photograph of 24 million pixels a server held 600 MB, with this 220 MB. Others
    have no such call and no such habit.

    Args:
        least_bytes: the size.
        heaps: that threads share. With one for each of many threads, which keep what others do not
            need just then, memory grows long after the first requests.
    """
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, least_bytes)
        if heaps is not None:
            mallopt(_ARENA_MAX, heaps)
