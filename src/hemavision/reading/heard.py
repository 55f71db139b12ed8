"""Who asks for an answer may hear how it comes about: what each stage took, and what was named.

An answer is made in many places; whoever listens does so around all of them. Only what the same
thread does is heard.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Protocol

from hemavision.records.results import Prediction


class Stage(StrEnum):
    """A part of an answer: none lies within another.

    ``locate`` looks for the nucleus of one cell, ``detect`` for all cells of a field; ``overlay``
    draws a heatmap and encodes the picture.
    """

    DECODE = "decode"
    LOCATE = "locate"
    DETECT = "detect"
    PASS = "pass"
    OVERLAY = "overlay"


class Listener(Protocol):
    """What hears."""

    def took(self, stage: Stage, seconds: float) -> None:
        """Hear how long a stage took that came to its end."""
        ...

    def named(self, prediction: Prediction) -> None:
        """Hear what the white cell of an image, or of a place in a field, was named."""
        ...


_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Let a listener hear what happens inside."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def stage(name: Stage) -> Iterator[None]:
    """Time what happens inside; a stage that fails is not told."""
    started = time.perf_counter()
    yield
    if listener := _listener.get():
        listener.took(name, time.perf_counter() - started)


def tell_named(prediction: Prediction) -> Prediction:
    """Tell of a prediction, and return it."""
    if listener := _listener.get():
        listener.named(prediction)
    return prediction
