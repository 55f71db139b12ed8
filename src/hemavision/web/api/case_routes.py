"""Everything about cases and accounts that the application answers."""

from __future__ import annotations

from hemavision.web.api import (
    accounts,
    case_cells,
    case_differential,
    case_entries,
    case_images,
    case_report,
    cases,
    read_agreement,
    reads,
    trail,
)

BLUEPRINTS = (
    cases.blueprint,
    case_images.blueprint,
    case_cells.blueprint,
    case_entries.blueprint,
    case_differential.blueprint,
    case_report.blueprint,
    reads.blueprint,
    read_agreement.blueprint,
    trail.blueprint,
    accounts.blueprint,
)
