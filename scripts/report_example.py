"""Write docs/report-example.html: a report of drawn cells and invented counts.

The cells are the program's own drawings, read by the shipped model; nobody's blood was counted.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from drawings.cells import SAMPLE_NAMES, sample_cell_type, sample_png

from hemavision import open_model
from hemavision.agreement import compare_readers
from hemavision.differential import Analyser, Terms
from hemavision.images.opening import open_image
from hemavision.reading.cell import Model
from hemavision.reading.explaining import encode_png, overlay
from hemavision.records.reference import load_profile
from hemavision.report import (
    FORMATS,
    Reading,
    ReportCell,
    ReportInput,
    ReportModel,
    ReportStatus,
    write_report,
)

OUT = Path(__file__).resolve().parents[1] / "docs" / "report-example.html"
COUNTS = {
    "neutrophil": 109, "eosinophil": 19, "basophil": 1, "lymphocyte": 54, "monocyte": 14,
    "immature_granulocyte": 3, "erythroblast": 12, "platelet": 31, "unfamiliar": 0,
}  # fmt: skip


def example(model: Model) -> ReportInput:
    """Return the invented case."""
    first = ["neutrophil"] * 109 + ["eosinophil"] * 19 + ["lymphocyte"] * 54 + ["monocyte"] * 18
    second = first[:-3] + ["lymphocyte"] * 3
    return ReportInput(
        case_id="example",
        case_name="An example: drawn cells, invented counts",
        counts=COUNTS,
        made_at="2026-11-25T14:10:00+00:00",
        terms=Terms(load_profile("adult-uk"), 9.4, target=200),
        status=ReportStatus.FINAL,
        slide="drawn",
        opened_at="2026-11-25T13:02:11+00:00",
        signed_at="2026-11-25T14:09:40+00:00",
        readings=(
            Reading("Reader A", "first reader, signed", "2026-11-25T14:09:40+00:00"),
            Reading("Reader B", "second reader, blind", "2026-11-25T14:00:00+00:00"),
        ),
        cells=tuple(_cell(model, place, name) for place, name in enumerate(SAMPLE_NAMES, 1)),
        models=(ReportModel.of(model.manifest, model.reference.sha256),),
        analyser=Analyser(
            {"neutrophil": 57.2, "lymphocyte": 29.4, "monocyte": 7.6, "eosinophil": 4.9,
             "basophil": 0.9},
            name="The analyser",
        ),
        agreement=compare_readers(first, second),
        agreement_of="second reader, blind",
    )  # fmt: skip


def _cell(model: Model, place: int, name: str) -> ReportCell:
    rgb = open_image(sample_png(name)).rgb
    prediction = model.predict(rgb)[0]
    box = prediction.box
    window = slice(max(0, box.top), box.bottom), slice(max(0, box.left), box.right)
    heatmap = overlay(rgb, prediction.heatmap(), box)
    pictures = (encode_png(picture[window].copy()) for picture in (rgb, heatmap))
    return ReportCell.of(f"#{place}", sample_cell_type(name), prediction, *pictures)


def main() -> int:
    """Write the page; with a folder as argument, every format into that folder."""
    given = example(open_model())
    if not sys.argv[1:]:
        OUT.write_bytes(write_report(given, "html").content)
        return 0
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in FORMATS:
        document = write_report(replace(given, case_name="Example"), name)
        (folder / document.name).write_bytes(document.content)
        print(folder / document.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
