"""The shape of a live frame's answer, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from apiflask import Schema
from marshmallow import fields
from marshmallow.validate import Equal, Length, OneOf, Range

from hemavision.records.results import NOTICE, CellKind, Status
from hemavision.web.api.schemas import ModelReference, Warning


def _edges(description: str, **options: Any) -> fields.List[Any]:
    return fields.List(
        fields.Integer(),
        validate=Length(equal=4),
        metadata={"description": f"[left, top, right, bottom] {description}"},
        **options,
    )


class LiveHeatmap(Schema):
    """Grad-CAM of a cell's type, its peak scaled to 255."""

    width = fields.Integer(required=True, validate=Range(min=1))
    height = fields.Integer(required=True, validate=Range(min=1))
    data = fields.String(
        required=True,
        metadata={"contentEncoding": "base64", "description": "A byte a value, row by row."},
    )


class LiveCell(Schema):
    """A cell of a frame; what a white cell has beyond the others comes with `type`."""

    kind = fields.String(required=True, validate=OneOf([kind.value for kind in CellKind]))
    box = _edges("in pixels of the frame, right and bottom exclusive.", required=True)
    score = fields.Float(
        required=True,
        validate=Range(0, 1),
        metadata={"description": "How sure the detector is that there is such a cell."},
    )
    cut = fields.Boolean(required=True, metadata={"description": "The frame's border cuts it."})
    type = fields.String(metadata={"description": "Of a white cell: the most probable type."})
    confidence = fields.Float(validate=Range(0, 1))
    status = fields.String(validate=OneOf([status.value for status in Status]))
    probabilities = fields.List(
        fields.Float(validate=Range(0, 1)),
        metadata={"description": "In the order of cell_types."},
    )
    heatmap = fields.Nested(LiveHeatmap)
    heatmap_box = _edges("that the heatmap covers; may reach outside the frame.")


class Milliseconds(Schema):
    """How long the parts of an answer took."""

    decode = fields.Float(required=True, validate=Range(min=0))
    detect = fields.Float(required=True, validate=Range(min=0))
    classify = fields.Float(required=True, validate=Range(min=0))


class LiveFrame(Schema):
    """What is in one frame."""

    width = fields.Integer(required=True, validate=Range(min=1))
    height = fields.Integer(required=True, validate=Range(min=1))
    cell_types = fields.List(fields.String(), required=True)
    cells = fields.List(
        fields.Nested(LiveCell), required=True, metadata={"description": "Surest first."}
    )
    warnings = fields.List(fields.Nested(Warning), required=True)
    model = fields.Nested(ModelReference, required=True)
    detector = fields.Nested(ModelReference, required=True)
    milliseconds = fields.Nested(Milliseconds, required=True)
    notice = fields.String(required=True, validate=Equal(NOTICE), metadata={"enum": [NOTICE]})
