"""Memory that is freed: given back to the system at once, or kept for the next step."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -3, -4, -8  # glibc's malloc.h
_MOST = 2**31 - 1
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
    _set({_MMAP_THRESHOLD: least_bytes} | ({_ARENA_MAX: heaps} if heaps is not None else {}))


def keep_what_is_freed() -> None:
    """Keep each freed block for the next that is asked for, where the C library is glibc.

    A step of training asks for the same hundreds of megabytes as the one before. glibc gives
    blocks of 32 MiB and more back whenever they are freed, and the system then empties each page
    of the next: nearly as much work as the step's own arithmetic.
    """
    _set({_MMAP_MAX: 0, _TRIM_THRESHOLD: _MOST, _ARENA_MAX: 1})


def _set(settings: dict[int, int]) -> None:
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        for name, value in settings.items():
            mallopt(name, value)
