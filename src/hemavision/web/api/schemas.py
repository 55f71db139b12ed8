"""The shapes of the answers, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from apiflask import Schema
from marshmallow import fields
from marshmallow.validate import Equal, Length, OneOf, Range

from hemavision.records.results import NOTICE, CellKind, Status
from hemavision.web.errors import MEDIA_TYPE, PROBLEMS

SHA256 = "^[0-9a-f]{64}$"


def _sha256() -> fields.String:
    return fields.String(required=True, metadata={"pattern": SHA256})


def _share(description: str) -> fields.Float:
    return fields.Float(required=True, validate=Range(0, 1), metadata={"description": description})


def _notice() -> fields.String:
    return fields.String(required=True, validate=Equal(NOTICE), metadata={"enum": [NOTICE]})


def _overlay() -> str:
    return "The original with the heatmap over it: a PNG as a data address."


class ProblemDetails(Schema):
    """RFC 9457."""

    type = fields.String(required=True, metadata={"format": "uri-reference"})
    title = fields.String(required=True)
    status = fields.Integer(required=True, validate=Range(400, 599))
    detail = fields.String(required=True)
    limit = fields.Integer(metadata={"description": "Where a limit was passed."})
    results = fields.List(
        fields.Dict(), metadata={"description": "Where all images failed: each with its error."}
    )
    code = fields.String(metadata={"description": "Why it was refused, for programs."})
    cells = fields.List(
        fields.Integer(), metadata={"description": "The cells that stand in the way, by number."}
    )
    changes = fields.List(
        fields.Dict(), metadata={"description": "What somebody else changed, and who."}
    )
    retry_after_s = fields.Integer(metadata={"description": "Seconds to wait."})


class Box(Schema):
    """A square in pixels of the original, right and bottom exclusive; may reach outside."""

    left = fields.Integer(required=True)
    top = fields.Integer(required=True)
    right = fields.Integer(required=True)
    bottom = fields.Integer(required=True)


class ModelReference(Schema):
    """Which weights answered."""

    name = fields.String(required=True)
    sha256 = _sha256()


class Reason(Schema):
    """What was seen of one attribute of the cell."""

    attribute = fields.String(required=True, metadata={"examples": ["granule_colour"]})
    value = fields.String(required=True, metadata={"examples": ["red"]})
    words = fields.String(required=True, metadata={"examples": ["red granules"]})
    probability = _share("Probability of the value.")
    weight = fields.Float(
        required=True,
        metadata={"description": "Above zero it argues for cell_type, below zero against it."},
    )


class Reasons(Schema):
    """What was seen, and what it argues for against the next type."""

    seen = fields.String(required=True, metadata={"description": "Empty for looks never taught."})
    compared_with = fields.String(required=True, allow_none=True)
    attributes = fields.List(fields.Nested(Reason), required=True)
    contradictions = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Surely seen, though cells of cell_type hardly ever show it."},
    )


class Prediction(Schema):
    """What the model says about one image."""

    cell_type = fields.String(required=True)
    confidence = _share("Calibrated probability of cell_type.")
    probabilities = fields.Dict(
        keys=fields.String(), values=fields.Float(validate=Range(0, 1)), required=True
    )
    status = fields.String(required=True, validate=OneOf([status.value for status in Status]))
    novelty = fields.Float(
        required=True,
        validate=Range(min=0),
        metadata={"description": "Above 1 the image is unlike all that the model has seen."},
    )
    familiarity = _share("How like the known cells this one is; below 0.5 it is unfamiliar.")
    focus = _share("Share of the named type's heatmap on the located cell.")
    looked_elsewhere = fields.Boolean(
        required=True,
        metadata={"description": "The heatmap lies outside the cell more than is usual: check."},
    )
    foreign_colours = fields.Boolean(
        required=True,
        metadata={"description": "Light and stain of no laboratory that the model learned from."},
    )
    box = fields.Nested(Box, required=True)
    width = fields.Integer(required=True, validate=Range(min=1))
    height = fields.Integer(required=True, validate=Range(min=1))
    model = fields.Nested(ModelReference, required=True)
    milliseconds = fields.Float(required=True, validate=Range(min=0))
    morphology = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Float(validate=Range(0, 1))),
        required=True,
        metadata={"description": "How the cell looks: attribute, its values, their probability."},
    )
    reasons = fields.Nested(
        Reasons,
        required=True,
        allow_none=True,
        metadata={"description": "null where the model was not taught to say what it sees."},
    )
    notice = _notice()


class AttributeHeatmaps(Schema):
    """The maps of one attribute's values."""

    names = fields.List(fields.String(), required=True)
    values = fields.List(
        fields.List(fields.List(fields.Float(validate=Range(min=0)))), required=True
    )


class Heatmaps(Schema):
    """Grad-CAM of every cell type over ``box``, not normalised, five significant digits."""

    cell_types = fields.List(fields.String(), required=True)
    box = fields.Nested(Box, required=True)
    height = fields.Integer(required=True, validate=Range(min=1))
    width = fields.Integer(required=True, validate=Range(min=1))
    values = fields.List(
        fields.List(fields.List(fields.Float(validate=Range(min=0)))),
        required=True,
        metadata={"description": "values[cell type][row][column]"},
    )
    morphology = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(AttributeHeatmaps),
        required=True,
        metadata={"description": "The same for the values of each attribute."},
    )


class Item(Schema):
    """One image's answer: a prediction or an error."""

    filename = fields.String(required=True)
    notes = fields.List(fields.String(), metadata={"description": "On how it was opened."})
    prediction = fields.Nested(Prediction)
    heatmaps = fields.Nested(Heatmaps)
    overlay = fields.String(metadata={"description": _overlay(), "pattern": "^data:image/png"})
    error = fields.Nested(ProblemDetails)


class Results(Schema):
    """The images' answers, in the order of the images."""

    results = fields.List(fields.Nested(Item), required=True, validate=Length(min=1))
    notice = _notice()


class SmearHeatmap(Schema):
    """Grad-CAM of a white cell's type over ``box``, not normalised, five significant digits."""

    values = fields.List(
        fields.List(fields.Float(validate=Range(min=0))),
        required=True,
        metadata={"description": "values[row][column]"},
    )
    box = fields.Nested(Box, required=True)


class SmearCell(Schema):
    """A cell of the field."""

    id = fields.Integer(required=True, validate=Range(min=0))
    kind = fields.String(required=True, validate=OneOf([kind.value for kind in CellKind]))
    box = fields.Nested(Box, required=True)
    score = _share("How sure the detector is that there is such a cell.")
    cut = fields.Boolean(required=True, metadata={"description": "The field's border cuts it."})
    clumped = fields.Boolean(
        required=True, metadata={"description": "It lies over another of its kind."}
    )
    prediction = fields.Nested(
        Prediction,
        required=True,
        allow_none=True,
        metadata={"description": "Of a white cell, boxes in pixels of the field; else null."},
    )
    heatmap = fields.Nested(SmearHeatmap)
    overlay = fields.String(
        metadata={
            "description": "What lies in prediction.box under the heatmap: a PNG as data address.",
            "pattern": "^data:image/png",
        }
    )


class Counts(Schema):
    """Cells of each kind, cut ones too."""

    white_cell = fields.Integer(required=True, validate=Range(min=0))
    red_cell = fields.Integer(required=True, validate=Range(min=0))
    platelet = fields.Integer(required=True, validate=Range(min=0))


class LeftOut(Schema):
    """White cells that no type counts."""

    cut = fields.Integer(required=True, validate=Range(min=0))
    unfamiliar = fields.Integer(required=True, validate=Range(min=0))


class FieldDifferential(Schema):
    """The field's white cells by type."""

    counted = fields.Integer(required=True, validate=Range(min=0))
    cell_types = fields.Dict(
        keys=fields.String(), values=fields.Integer(validate=Range(min=0)), required=True
    )
    left_out = fields.Nested(LeftOut, required=True)


class Ratio(Schema):
    """A ratio of two counts with its exact 95% interval."""

    value = fields.Float(required=True, validate=Range(min=0))
    low = fields.Float(required=True, validate=Range(min=0))
    high = fields.Float(required=True, validate=Range(min=0))


class Estimates(Schema):
    """The estimates made by hand; null where no red cell was found."""

    white_per_1000_red = fields.Nested(Ratio, required=True, allow_none=True)
    platelets_per_red = fields.Nested(Ratio, required=True, allow_none=True)


class Warning(Schema):
    """Something that makes the answer less sure."""

    code = fields.String(required=True, metadata={"examples": ["out-of-focus"]})
    message = fields.String(required=True)


class Smear(Schema):
    """What is in one field."""

    width = fields.Integer(required=True, validate=Range(min=1))
    height = fields.Integer(required=True, validate=Range(min=1))
    cells = fields.List(
        fields.Nested(SmearCell), required=True, metadata={"description": "Surest first."}
    )
    counts = fields.Nested(Counts, required=True)
    differential = fields.Nested(FieldDifferential, required=True)
    estimates = fields.Nested(Estimates, required=True)
    warnings = fields.List(fields.Nested(Warning), required=True)
    sharpness = fields.Float(required=True, validate=Range(min=0))
    detector = fields.Nested(ModelReference, required=True)
    milliseconds = fields.Float(required=True, validate=Range(min=0))
    notice = _notice()


class SmearItem(Schema):
    """One field's answer, or an error."""

    filename = fields.String(required=True)
    notes = fields.List(fields.String(), metadata={"description": "On how it was opened."})
    smear = fields.Nested(Smear)
    error = fields.Nested(ProblemDetails)


class Smears(Schema):
    """The fields' answers, in the order of the images."""

    results = fields.List(fields.Nested(SmearItem), required=True, validate=Length(min=1))
    notice = _notice()


class DemoAnswer(Schema):
    """The answer of ``/predict``."""

    prediction = fields.String(required=True, metadata={"examples": ["EOSINOPHIL"]})
    confidence = _share("Probability of the prediction.")
    probabilities = fields.Dict(
        keys=fields.String(), values=fields.Float(validate=Range(0, 1)), required=True
    )
    heatmap = fields.String(required=True, metadata={"description": _overlay()})
    notice = _notice()


class ModelDescription(Schema):
    """A model's manifest."""

    name = fields.String(required=True)
    default = fields.Boolean(required=True, metadata={"description": "This one answers."})
    sha256 = _sha256()
    cell_types = fields.List(fields.String(), required=True)
    metrics = fields.Dict(required=True)
    training = fields.Dict(required=True)
    check_below = _share("A confidence below this is given the status check.")
    temperature = fields.Float(required=True)
    licence = fields.String(required=True)


class Models(Schema):
    """The models on this server."""

    models = fields.List(fields.Nested(ModelDescription), required=True, validate=Length(min=1))
    notice = _notice()


class Significance(Schema):
    """What a count outside the range may mean."""

    high = fields.String(required=True)
    low = fields.String(required=True)


def _range(**options: Any) -> fields.List[Any]:
    return fields.List(fields.Float(validate=Range(min=0)), validate=Length(equal=2), **options)


class CellType(Schema):
    """A cell type's reference ranges and meaning."""

    name = fields.String(required=True)
    display_name = fields.String(required=True)
    percent = _range(required=True, allow_none=True)
    absolute = _range(required=True, allow_none=True)
    absolute_unit = fields.String(required=True)
    function = fields.String(required=True)
    significance = fields.Nested(Significance, required=True)
    source = fields.String(required=True)


class CellTypes(Schema):
    """A profile's cell types."""

    profile = fields.String(required=True)
    title = fields.String(required=True)
    cell_types = fields.List(fields.Nested(CellType), required=True)
    notice = _notice()


class Live(Schema):
    """The process lives."""

    status = fields.String(required=True, validate=Equal("live"), metadata={"enum": ["live"]})


class Ready(Schema):
    """Model, detector and store answer."""

    status = fields.String(required=True, validate=Equal("ready"), metadata={"enum": ["ready"]})
    model = fields.String(required=True)
    sha256 = _sha256()
    detector = fields.String(required=True, allow_none=True)
    store = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "sqlite or postgresql; null before the first case."},
    )


def problem_responses(*statuses: int) -> dict[int, Any]:
    """Return the OpenAPI responses for problems of these statuses."""
    return {
        status: {
            "description": "; ".join(title for code, title in PROBLEMS.values() if code == status),
            "content": {MEDIA_TYPE: {"schema": ProblemDetails}},
        }
        for status in statuses
    }
