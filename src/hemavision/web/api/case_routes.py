"""Everything about cases and accounts that the application answers."""

from __future__ import annotations

from hemavision.web.api import accounts, case_cells, case_images, cases, reads, trail

BLUEPRINTS = (
    cases.blueprint,
    case_images.blueprint,
    case_cells.blueprint,
    reads.blueprint,
    trail.blueprint,
    accounts.blueprint,
)
