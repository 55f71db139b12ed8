"""How many costly requests one address may make: a bucket each, full again within a minute.

Costly is every operation that says of itself that it may refuse with 429.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

from flask import Flask, current_app, request

from hemavision.web.errors import Problem

#: Addresses that are remembered before those whose buckets are full again are forgotten.
MOST_ADDRESSES = 10_000


class Buckets:
    """So many requests at once for each address, and as many again within a minute."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the size of a bucket, and what tells seconds that never go back."""
        self._size, self._clock = a_minute, clock
        self._kept: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, address: str) -> float:
        """Take one request out of an address's bucket; return the seconds to wait, 0 for none."""
        now, a_second = self._clock(), self._size / 60
        with self._lock:
            if len(self._kept) >= MOST_ADDRESSES:
                self._kept = {a: kept for a, kept in self._kept.items() if now - kept[1] < 60}
            left, at = self._kept.get(address, (float(self._size), now))
            left = min(self._size, left + (now - at) * a_second)
            enough = left >= 1
            self._kept[address] = (left - enough, now)
        return 0.0 if enough else (1 - left) / a_second


def install(app: Flask, a_minute: int) -> None:
    """Let each address make so many costly requests a minute; 0 is no limit."""
    if a_minute:
        app.before_request(partial(_check, Buckets(a_minute)))


def _check(buckets: Buckets) -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if 429 not in getattr(getattr(view, "operation", None), "refuses", ()):
        return
    wait_s = buckets.take(request.remote_addr or "unknown")
    if wait_s:
        raise Problem(
            "too-many-requests",
            "Too many costly requests from this address of late; wait a while. The setting "
            "HEMAVISION_COSTLY_A_MINUTE says how many there may be.",
            retry_after_s=max(1, round(wait_s)),
        )
