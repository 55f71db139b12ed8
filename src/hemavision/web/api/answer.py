"""From uploads to answers about cells, one image's failure never another's."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, TypeVar

import numpy as np
from flask import Response
from msgspec import UNSET, Meta, UnsetType

from hemavision.images.opening import Photo, open_image
from hemavision.reading.cell import Model
from hemavision.reading.explaining import encode_png, overlay
from hemavision.reading.heard import Stage, stage
from hemavision.records.json_values import Positive, Side
from hemavision.records.results import Box, Noticed, Prediction
from hemavision.web.api.operations import answer
from hemavision.web.api.options import HeatmapOptions
from hemavision.web.api.uploads import Upload
from hemavision.web.errors import Problem, ProblemDetails, as_problem
from hemavision.web.services import services

DIGITS = 5

#: A picture in a data address.
PngAddress = Annotated[str, Meta(extra_json_schema={"pattern": "^data:image/png"})]


@dataclass(frozen=True)
class AttributeHeatmaps:
    """The maps of one attribute's values."""

    names: list[str]
    values: list[list[list[Positive]]]


@dataclass(frozen=True)
class Heatmaps:
    """Grad-CAM of every cell type over ``box``, not normalised, five significant digits.

    Attributes:
        values: values[cell type][row][column]
        morphology: the same for the values of each attribute.
    """

    cell_types: list[str]
    box: Box
    height: Side
    width: Side
    values: list[list[list[Positive]]]
    morphology: dict[str, AttributeHeatmaps]


@dataclass(frozen=True)
class Failed:
    """What stands in the place of an image that failed.

    Attributes:
        notes: on how it was opened.
    """

    filename: str
    notes: tuple[str, ...] | UnsetType = UNSET
    error: ProblemDetails | UnsetType = UNSET


@dataclass(frozen=True)
class Item(Failed):
    """One image's answer: a prediction or an error.

    Attributes:
        overlay: the original with the heatmap over it: a PNG as a data address.
    """

    prediction: Prediction | UnsetType = UNSET
    heatmaps: Heatmaps | UnsetType = UNSET
    overlay: PngAddress | UnsetType = UNSET


@dataclass(frozen=True)
class Results(Noticed):
    """The images' answers, in the order of the images."""

    results: Annotated[list[Item], Meta(min_length=1)]


I = TypeVar("I", bound=Failed)  # noqa: E741


def read_each(uploads: Sequence[Upload], kind: type[I], read: Callable[[Photo, I], I]) -> list[I]:
    """Return one item an upload, in order: what reading its image gives, or an error.

    One image at a time: on a CPU a batch is no faster, and would keep all its pictures and
    the network's layers for all of them in memory.

    Args:
        uploads: the images.
        kind: of the items.
        read: takes an opened image and the item so far, and completes it.
    """

    def read_one(upload: Upload) -> I:
        try:
            with stage(Stage.DECODE):
                photo = open_image(upload.read())
            return read(photo, kind(upload.filename, photo.notes))
        except Exception as error:  # whatever one image does, the others get their answer
            problem = as_problem(error)
            services().metrics.errors.labels(problem.name).inc()
            return kind(upload.filename, error=problem.details())

    return [read_one(upload) for upload in uploads]


def refuse_failures(items: Sequence[Failed]) -> None:
    """Refuse a request of which nothing came.

    Raises:
        Problem: there is nothing but errors in the items.
    """
    errors = [item.error.detail for item in items if isinstance(item.error, ProblemDetails)]
    if len(errors) == len(items):
        detail = errors[0] if len(errors) == 1 else f"All {len(errors)} images failed."
        raise Problem("no-image-readable", detail, results=list(items))


def answer_cells(model: Model, uploads: Sequence[Upload], options: HeatmapOptions) -> Response:
    """Return the answer about images of single cells.

    Raises:
        Problem: none of them can be read.
    """

    def read(photo: Photo, item: Item) -> Item:
        (prediction,) = model.predict_arrays([photo.rgb])
        return replace(
            item,
            prediction=prediction,
            heatmaps=raw_heatmaps(prediction) if options.raw else UNSET,
            overlay=overlay_address(prediction, photo.rgb, options) if options.overlay else UNSET,
        )

    items = read_each(uploads, Item, read)
    refuse_failures(items)
    return answer(Results(items))


def overlay_address(prediction: Prediction, rgb: np.ndarray, options: HeatmapOptions) -> str:
    """Return the overlay as a PNG in a ``data:`` address."""
    name, _, value = (options.attribute or options.cell_type or "").partition("=")
    heatmap = prediction.heatmap(name or None, value or None)
    with stage(Stage.OVERLAY):
        return as_address(overlay(rgb, heatmap, prediction.box, options.opacity))


def as_address(picture: np.ndarray) -> str:
    """Return a picture, uint8 H×W×3, as a PNG in a ``data:`` address."""
    return "data:image/png;base64," + base64.b64encode(encode_png(picture)).decode("ascii")


def raw_heatmaps(prediction: Prediction) -> Heatmaps:
    """Return all maps as nested lists, with what is needed to lay them over the image."""
    maps = prediction.heatmaps
    if maps is None:
        raise ValueError("The prediction carries no heatmaps.")
    return Heatmaps(
        cell_types=list(prediction.probabilities),
        box=prediction.box,
        height=maps.shape[1],
        width=maps.shape[2],
        values=rounded(maps).tolist(),
        morphology={
            name: AttributeHeatmaps(list(prediction.morphology[name]), rounded(found).tolist())
            for name, found in prediction.morphology_heatmaps.items()
        },
    )


def rounded(values: np.ndarray, digits: int = DIGITS) -> np.ndarray:
    """Round values ≥ 0 to so many significant digits: float64, short when written as text."""
    exact = values.astype(np.float64)
    # Below 1e-15 nothing shows in a picture, and the power of ten would not be exact.
    exact[exact < 1e-15] = 0.0
    with np.errstate(divide="ignore"):
        magnitude = np.floor(np.log10(exact, where=exact > 0, out=np.zeros_like(exact)))
    scale = 10.0 ** np.clip(digits - 1 - magnitude, 0, 22)
    result: np.ndarray = np.rint(exact * scale) / scale
    return result
