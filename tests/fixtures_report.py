"""A case of a usual size, ready to be reported; its pictures are drawn by the program."""

from __future__ import annotations

import pytest
from drawings.cells import SAMPLE_NAMES, draw_field, sample_cell_type

from hemavision.agreement import compare_readers
from hemavision.differential import Analyser, Confusion, Terms
from hemavision.reading.explaining import encode_png
from hemavision.records.reference import load_profile
from hemavision.report import (
    ModelFigure,
    Reading,
    ReportCell,
    ReportInput,
    ReportModel,
    ReportStatus,
)

COUNTS = {
    "neutrophil": 150, "eosinophil": 2, "basophil": 0, "lymphocyte": 30, "monocyte": 16,
    "immature_granulocyte": 2, "erythroblast": 14, "platelet": 31, "unfamiliar": 3,
}  # fmt: skip


@pytest.fixture(scope="session")
def report_cells() -> tuple[ReportCell, ...]:
    """Eight cells with reasons, two of each type that the program draws."""
    cells = []
    for place, name in enumerate(SAMPLE_NAMES * 2):
        cell_type = sample_cell_type(name)
        field = draw_field(cell_type)[130:350, 220:440].copy()
        cells.append(
            ReportCell(
                number=f"#{place + 1}",
                cell_type=cell_type,
                picture=encode_png(field),
                heatmap=encode_png(255 - field),
                suggested=cell_type if place else "neutrophil",
                confidence=0.97,
                doubt="check",
                seen="bilobed nucleus, round red granules, light blue cytoplasm",
                speaks_for=("round red granules",),
                speaks_against=("frosted cytoplasm",),
                rival="monocyte",
            )
        )
    return tuple(cells)


@pytest.fixture(scope="session")
def usual_case(report_cells: tuple[ReportCell, ...]) -> ReportInput:
    """A signed case of 200 white cells with everything that a report can say."""
    first = ["neutrophil"] * 150 + ["lymphocyte"] * 50
    second = ["neutrophil"] * 148 + ["lymphocyte"] * 52
    types = tuple(name for name in COUNTS if name != "unfamiliar")
    matrix = tuple(tuple(95 * (a == b) + (b == 0) for b in range(8)) for a in range(8))
    figure = ModelFigure("unseen-cells", 0.88, (0.74, 0.97), 2487, "No test original was seen.")
    model = ReportModel("eight-types", "a1" * 32, (figure,), types, ("blasts", "parasites"))
    return ReportInput(
        case_id="17",
        case_name="Case 2026-1187",
        counts=COUNTS,
        made_at="2026-11-25T14:10:00+00:00",
        terms=Terms(load_profile("adult-uk"), 9.4, target=200),
        status=ReportStatus.FINAL,
        slide="S-0042/b",
        opened_at="2026-11-25T13:02:11+00:00",
        signed_at="2026-11-25T14:09:40+00:00",
        readings=(
            Reading("A. Müller", "first reader", "2026-11-25T13:40:00+00:00"),
            Reading("K. Osei", "second reader, blind", "2026-11-25T14:00:00+00:00"),
        ),
        comment="Left shift.",
        cells=report_cells,
        models=(model,),
        analyser=Analyser({"neutrophil": 60.0, "lymphocyte": 29.0, "monocyte": 8.0}, name="A-1"),
        model_calls={name: COUNTS[name] for name in types},
        confusion=Confusion(types, matrix, "eight types, drawn"),
        agreement=compare_readers(first, second),
        agreement_of="second reader, blind",
    )
