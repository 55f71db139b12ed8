"""GET /api/v1/models, and the cell types with their reference ranges."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from flask import Response, request
from msgspec import Meta

from hemavision.reading.bundle import shipped_bundles
from hemavision.reading.cell import Model, open_model
from hemavision.records.json_values import Record, Sha256, Share
from hemavision.records.reference import CONTEXT, CellDescription, without_range
from hemavision.records.results import Noticed
from hemavision.web.api.image_bodies import parameter
from hemavision.web.api.operations import Api, answer, operation
from hemavision.web.api.options import query_values
from hemavision.web.errors import Problem
from hemavision.web.services import services

blueprint = Api("models", "Models")
cell_types = Api("cell_types", "Cell types")


@dataclass(frozen=True)
class ModelDescription(Record):
    """A model's manifest.

    Attributes:
        default: this one answers.
        check_below: a confidence below this is given the status check.
    """

    name: str
    default: bool
    sha256: Sha256
    cell_types: tuple[str, ...]
    metrics: dict[str, Any]
    training: dict[str, Any]
    check_below: Share
    temperature: float
    licence: str


@dataclass(frozen=True)
class Models(Noticed):
    """The models on this server."""

    models: Annotated[list[ModelDescription], Meta(min_length=1)]


@dataclass(frozen=True)
class CellTypes(Noticed):
    """A profile's cell types."""

    profile: str
    title: str
    cell_types: list[CellDescription]


@blueprint.get("/models")
@operation(Models)
def list_models() -> Response:
    """The models on this server, with the figures that they were given by evaluation."""
    return answer(Models(describe_models()))


def describe_models() -> list[ModelDescription]:
    """Return the models on this server, the one that answers first."""
    known = [_describe(services().model, default=True)]
    others = map(_shipped, shipped_bundles())
    return known + [one for one in others if one.sha256 != known[0].sha256]


def _shipped(path: Path) -> ModelDescription:
    """Describe a shipped bundle; opening one takes a tenth of a second, so once."""
    cache: dict[Path, ModelDescription] = services().described
    if path not in cache:
        cache[path] = _describe(open_model(path, threads=1), default=False)
    return cache[path]


def _describe(model: Model, *, default: bool) -> ModelDescription:
    manifest = model.manifest
    return ModelDescription(
        name=manifest.name,
        default=default,
        sha256=model.reference.sha256,
        cell_types=manifest.cell_types,
        metrics=manifest.metrics,
        training=manifest.training,
        check_below=manifest.check_below,
        temperature=manifest.temperature,
        licence=manifest.licence,
    )


def _takes() -> dict[str, Any]:
    profiles = services().profiles
    names = {"type": "string", "enum": sorted(profiles.by_name), "default": profiles.own.name}
    return {"parameters": [parameter("profile", names)]}


@cell_types.get("/cell-types")
@operation(CellTypes, 400, more=_takes)
def list_cell_types() -> Response:
    """Reference ranges, functions and clinical significance, each with its source."""
    profiles = services().profiles
    wanted = query_values(request.args, {"profile"}).get("profile", profiles.own.name)
    if wanted not in profiles.by_name:
        known = ", ".join(sorted(profiles.by_name))
        raise Problem("bad-option", f"No profile {wanted!r}; this server has {known}.")
    profile = profiles.by_name[wanted]
    given = [cell.described() for cell in profile.cell_types if cell.name in CONTEXT]
    ranged = {cell.name for cell in profile.cell_types}
    more = [without_range(name) for name in CONTEXT if name not in ranged]
    return answer(CellTypes(profile.name, profile.title, given + more))
