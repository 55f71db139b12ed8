"""A field's cells as GeoJSON objects that QuPath imports."""

from __future__ import annotations

from typing import Any

from hemavision.exports.table import label_of
from hemavision.reading.found import FoundCell, NamedSmear
from hemavision.records.results import NOTICE, Box, CellKind

#: Colours of kinds, RGB: as a Romanowsky stain shows them.
COLOURS = {
    CellKind.WHITE: [120, 60, 170],
    CellKind.RED: [205, 110, 110],
    CellKind.PLATELET: [60, 110, 200],
}


def to_geojson(field: NamedSmear) -> dict[str, Any]:
    """Return a field's cells as JSON values: polygons in pixels, y downwards, as QuPath counts."""
    features = [_feature(number, cell) for number, cell in enumerate(field.smear.cells)]
    about = {"image": field.name, "notice": NOTICE}
    return {"type": "FeatureCollection", "features": features} | about


def _feature(number: int, cell: FoundCell) -> dict[str, Any]:
    measurements: dict[str, float] = {"Score": cell.score}
    measurements |= {"Cut": float(cell.cut), "Clumped": float(cell.clumped)}
    if cell.prediction:
        measurements |= {"Confidence": cell.prediction.confidence}
        measurements |= {f"P {name}": p for name, p in cell.prediction.probabilities.items()}
    return detection(number, cell.box, (cell.kind, label_of(cell)), measurements)


def detection(
    number: int, box: Box, called: tuple[CellKind, str], measurements: dict[str, float]
) -> dict[str, Any]:
    """Return a cell as a detection of QuPath's.

    Args:
        number: its name.
        box: in pixels of the image.
        called: its kind, which gives the colour, and its class.
        measurements: name → value.
    """
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    # The ring is closed: its first point again at the end (RFC 7946).
    ring = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    kind, label = called
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "objectType": "detection",
            "name": f"{number}",
            "classification": {"name": label, "color": COLOURS[kind]},
            "measurements": measurements,
        },
    }
