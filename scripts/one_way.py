"""Prints how often one white cell gets one answer, whatever picture of it is asked about.

    python scripts/one_way.py [MODEL] [DETECTOR]

BCISC's 246 fields, whole and reduced to a half and a quarter of their sides, and the set's own crop
of the cell that was looked at: a picture agrees if it is named as the crop is. By default the model
and the detector that never saw BCISC, where `bundles/` has them.
"""

from __future__ import annotations

import sys

import numpy as np
from PIL import Image

from hemavision import Model, open_model
from hemavision.datasets.fields import NamedField, read_bcisc_fields
from hemavision.datasets.protocols import PROTOCOLS, default_model
from hemavision.images.opening import open_image
from hemavision.reading.finding.detector import DEFAULT_DETECTOR, open_detector
from hemavision.reading.finding.tiles import overlap
from hemavision.settings import data_folder

SCALES = (1.0, 0.5, 0.25)


def main() -> None:
    found = str(PROTOCOLS["field-out:bcisc"].own_model or DEFAULT_DETECTOR)
    name, finder = (sys.argv[1:] + [default_model("lab-out:bcisc"), found][len(sys.argv) - 1 :])[:2]
    detector = open_detector(finder)
    model = open_model(name).found_by(detector)
    agreed: list[list[bool]] = []
    on_cell: list[list[bool]] = []
    for field in read_bcisc_fields(data_folder()):
        rgb = field.open()
        height, width = rgb.shape[:2]
        rows: list[tuple[bool, bool]] = []
        for scale in SCALES:
            size = (round(width * scale), round(height * scale))
            small = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS))
            (answer,) = model.predict(small)
            box = np.array([answer.box.left, answer.box.top, answer.box.right, answer.box.bottom])
            number = _cell_at(field, (box[:2] + box[2:]) / 2 / scale)
            rows.append((number is not None, _as_crop(model, field, number, answer.cell_type)))
        on_cell.append([hit for hit, _ in rows])
        agreed.append([same for _, same in rows])
    hits, same = np.array(on_cell), np.array(agreed)
    print(f"{len(same)} fields, {model.reference.name}, {detector.reference.name}")
    for place, scale in enumerate(SCALES):
        looked = hits[:, place]
        print(
            f"at {scale:.0%}: on a marked cell {100 * looked.mean():.1f}%, of those named as its "
            f"crop {100 * same[looked, place].mean():.1f}%"
        )
    everywhere = hits.all(axis=1)
    print(
        f"on a marked cell at every scale {100 * everywhere.mean():.1f}%, of those all four agree "
        f"{100 * same[everywhere].all(axis=1).mean():.1f}%"
    )


def _cell_at(field: NamedField, place: np.ndarray) -> int | None:
    """Return which marked cell a place lies in."""
    point = np.concatenate([place - 1, place + 1]).astype(np.float32)
    inside = overlap(point, field.boxes) > 0
    return int(inside.argmax()) if inside.any() else None


_CROPS: dict[str, str] = {}


def _as_crop(model: Model, field: NamedField, number: int | None, named: str) -> bool:
    """Whether the set's own crop of a cell is named so, too."""
    if number is None:
        return False
    path = data_folder() / "bcisc" / field.crops[number]
    if path.name not in _CROPS:
        _CROPS[path.name] = model.predict(open_image(path).rgb)[0].cell_type
    return _CROPS[path.name] == named


if __name__ == "__main__":
    main()
