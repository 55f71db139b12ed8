"""The application's one record of what it keeps: opened once, reached by :func:`services`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import current_app

from hemavision.casework.references import References
from hemavision.reading.cell import Model
from hemavision.reading.finding.detector import Finder
from hemavision.records.reference import Profiles
from hemavision.store import Store
from hemavision.web.counters import Metrics

NAME = "hemavision"


@dataclass
class Services:
    """What requests are answered with.

    Attributes:
        model: that names cells.
        profiles: the reference ranges.
        detector: that finds them in fields; None where there is none.
        store: of cases; None until it is first needed.
        references: named cells that a case's cells are compared with.
        metrics: what was counted since the start.
        described: shipped bundles, as the API describes them: opening one takes a tenth second.
    """

    model: Model
    profiles: Profiles
    detector: Finder | None = None
    store: Store | None = None
    references: References = field(default_factory=References)
    metrics: Metrics = field(default_factory=Metrics)
    described: dict[Path, Any] = field(default_factory=dict)


def services() -> Services:
    """Return what the application at work keeps."""
    found: Services = current_app.extensions[NAME]
    return found
