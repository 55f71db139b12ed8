"""Waiting for what another thread is to do."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(happened: Callable[[], bool]) -> None:
    """Return as soon as it has happened; a minute is too long."""
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.005)
