"""The application's one record of what it keeps: opened once, reached by :func:`services`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import current_app

from hemavision.casework.references import References
from hemavision.reading.cell import Model
from hemavision.reading.finding.detector import Finder
from hemavision.reading.heard import heard_by
from hemavision.records.classes import ClassList
from hemavision.records.reference import Profiles
from hemavision.store import Store
from hemavision.web.counters import Metrics
from hemavision.web.gate import Gate

NAME = "hemavision"


@dataclass
class Services:
    """What requests are answered with.

    Attributes:
        model: that names cells.
        profiles: the reference ranges.
        classes: what readers may call the cells of a new case.
        detector: that finds them in fields; None where there is none.
        store: of cases; None until it is first needed.
        gate: that requests with images pass.
        references: named cells that a case's cells are compared with.
        metrics: what was counted since the start.
        described: shipped bundles, as the API describes them: opening one takes a tenth second.
    """

    model: Model
    profiles: Profiles
    classes: ClassList
    detector: Finder | None = None
    store: Store | None = None
    references: References = field(default_factory=References)
    gate: Gate = field(default_factory=Gate)
    metrics: Metrics = field(init=False)
    described: dict[Path, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin to count."""
        self.metrics = Metrics(self.gate)


def services() -> Services:
    """Return what the application at work keeps."""
    found: Services = current_app.extensions[NAME]
    return found


@contextmanager
def in_turn() -> Iterator[None]:
    """Wait until it is this request's turn to use the networks, and count what they do inside.

    Also a decorator of views: whatever a request brings is read only when it has its turn.

    Raises:
        FullError: too many wait already.
    """
    kept = services()
    with kept.gate.turn() as waited_s, heard_by(kept.metrics):
        kept.metrics.waited.observe(waited_s)
        yield
