"""The gate before the networks: so many requests at work, so many that wait, and no more."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hemavision import settings

#: A container's share of the machine: "max 100000", or microseconds of work in so many of time.
_QUOTA = Path("/sys/fs/cgroup/cpu.max")
#: What the last request says of how long the next ones take.
_WEIGHT = 0.1
_LONGEST_S = 60
#: Seconds for answering what was accepted when the end comes.
FINISH_S = 30.0
#: What a server's process gives back of what it freed: blocks from so many bytes, and its heaps.
OF_A_SERVER = (2**20, 2)


def cores() -> int:
    """Return how many cores this process may use, at least 1."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = _QUOTA.read_text(encoding="ascii").split()
        usable = min(usable or 1, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):  # no such file, or no quota
        pass
    return max(usable or 1, 1)


class FullError(Exception):
    """As many wait as may; ``retry_after_s`` says when it is worth another try, in seconds."""

    def __init__(self, waiting: int, retry_after_s: int) -> None:
        super().__init__(f"{waiting} requests with images wait already, as many as may.")
        self.retry_after_s = retry_after_s


class Gate:
    """Lets requests in one after another, in the order in which they came."""

    def __init__(self, at_once: int | None = None, most_waiting: int | None = None) -> None:
        """Take how many are at work at once and how many may wait; the settings' word if None.

        Raises:
            SettingsError: a setting is no whole number.
        """
        found = settings.whole_number("at_once", least=0) if at_once is None else at_once
        self.at_once = found or cores()
        self.most_waiting = (
            settings.whole_number("waiting", least=0) if most_waiting is None else most_waiting
        )
        self.running = 0
        self._turns: deque[threading.Event] = deque()
        self._lock = threading.Lock()
        self._usual_s = 0.0

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._turns)

    @contextmanager
    def turn(self) -> Iterator[float]:
        """Wait for a place, keep it inside, and give the seconds that were waited.

        Raises:
            FullError: as many wait as may.
        """
        waited_s = self._enter()
        started = time.perf_counter()
        try:
            yield waited_s
        finally:
            self._leave(time.perf_counter() - started)

    def _enter(self) -> float:
        with self._lock:
            if self.running < self.at_once:
                self.running += 1
                return 0.0
            if self.waiting >= self.most_waiting:
                raise FullError(self.waiting, self._soon())
            turn = threading.Event()
            self._turns.append(turn)
        started = time.perf_counter()
        turn.wait()
        return time.perf_counter() - started

    def _leave(self, took_s: float) -> None:
        with self._lock:
            self._usual_s += _WEIGHT * (took_s - self._usual_s)
            if self._turns:
                # The place is handed on: who comes now cannot take it from who waits.
                self._turns.popleft().set()
            else:
                self.running -= 1

    def _soon(self) -> int:
        """Return the seconds after which those that wait will have been answered."""
        left_s = self._usual_s * (self.waiting + self.running) / self.at_once
        return min(max(math.ceil(left_s), 1), _LONGEST_S)
