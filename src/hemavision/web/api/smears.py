"""POST /api/v1/smears."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from flask import Response, request
from msgspec import UNSET, Meta, UnsetType

from hemavision.images.opening import Photo
from hemavision.reading.field import overlay_cell, read_smear
from hemavision.reading.finding.detector import Finder
from hemavision.reading.found import FoundCell, Smear
from hemavision.reading.heard import Stage, stage
from hemavision.records.json_values import Count, Positive
from hemavision.records.results import Box, Noticed
from hemavision.web.api.answer import (
    Failed,
    PngAddress,
    as_address,
    read_each,
    refuse_failures,
    rounded,
)
from hemavision.web.api.image_bodies import takes_images
from hemavision.web.api.operations import Api, answer, operation
from hemavision.web.api.options import HeatmapOptions, check_options, option_schemas
from hemavision.web.api.uploads import read_request
from hemavision.web.errors import Problem
from hemavision.web.services import in_turn, services

blueprint = Api("smears", "Smears")

#: Of the options of ``classify`` those that mean something for many cells at once.
NAMES = ("heatmaps", "opacity")


@dataclass(frozen=True)
class SmearHeatmap:
    """Grad-CAM of a white cell's type over ``box``, not normalised, five significant digits.

    Attributes:
        values: values[row][column]
    """

    values: list[list[Positive]]
    box: Box


@dataclass(frozen=True)
class SmearCell(FoundCell):
    """A cell of the field.

    Attributes:
        overlay: what lies in prediction.box under the heatmap: a PNG as data address.
    """

    id: Count = 0
    heatmap: SmearHeatmap | UnsetType = UNSET
    overlay: PngAddress | UnsetType = UNSET


@dataclass(frozen=True)
class SmearAnswer(Smear):
    """What is in one field, with the heatmaps that were asked for."""

    cells: tuple[SmearCell, ...]


@dataclass(frozen=True)
class SmearItem(Failed):
    """One field's answer, or an error."""

    smear: SmearAnswer | UnsetType = UNSET


@dataclass(frozen=True)
class Smears(Noticed):
    """The fields' answers, in the order of the images."""

    results: Annotated[list[SmearItem], Meta(min_length=1)]


def _takes() -> dict[str, Any]:
    options = option_schemas(services().model.manifest)
    return takes_images({name: options[name] for name in NAMES})


@blueprint.post("/smears")
@operation(Smears, 400, 413, 415, 422, 429, 503, more=_takes)
@in_turn()
def smears() -> Response:
    """Find and count the cells of each field, and name its white cells.

    Takes one or many images as `classify` does, and answers in the same way: an image that
    cannot be read gets an `error` in its place and harms no other.

    Each white cell has the whole prediction that `classify` gives. Cells that the border cuts
    and cells unlike all that the model has seen are in no count of `differential.cell_types`.
    `estimates` are those made by hand, with exact 95% intervals; `warnings` say what makes an
    answer less sure. `heatmaps`: `none`; `overlay`, for each white cell a PNG of what lies in
    `prediction.box` with the map of its type over it at `opacity`; `raw`, the map's numbers;
    `all`, both.
    """
    model, finder = services().model, answering_finder()
    received = read_request(request, NAMES)
    options = HeatmapOptions()
    for values in (received.query, received.body):
        options = check_options(values, model.manifest, options)

    def read(photo: Photo, item: SmearItem) -> SmearItem:
        smear = read_smear(model, finder, photo.rgb)
        return replace(item, smear=describe_smear(smear, photo.rgb, options))

    items = read_each(received.uploads, SmearItem, read)
    refuse_failures(items)
    return answer(Smears(items))


def answering_finder() -> Finder:
    """Return the server's detector.

    Raises:
        Problem: it has none.
    """
    finder = services().detector
    if finder is None:
        raise Problem(
            "no-detector",
            "This server has no detector, so it cannot find the cells of a field; /api/v1/classify "
            "names single cells. Set HEMAVISION_DETECTOR to a detector's bundle and start again.",
        )
    return finder


def describe_smear(smear: Smear, rgb: np.ndarray, options: HeatmapOptions) -> SmearAnswer:
    """Return a field with the heatmaps that the options ask for."""
    cells = (_describe(cell, number, rgb, options) for number, cell in enumerate(smear.cells))
    return SmearAnswer(**vars(smear) | {"cells": tuple(cells)})


def _describe(cell: FoundCell, number: int, rgb: np.ndarray, options: HeatmapOptions) -> SmearCell:
    found, prediction = SmearCell(**vars(cell), id=number), cell.prediction
    if prediction and options.raw:
        maps = rounded(prediction.heatmap()).tolist()
        found = replace(found, heatmap=SmearHeatmap(maps, prediction.box))
    if prediction and options.overlay:
        with stage(Stage.OVERLAY):
            address = as_address(overlay_cell(rgb, prediction, options.opacity)[0])
        found = replace(found, overlay=address)
    return found
