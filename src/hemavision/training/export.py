"""Writes a trained network as a bundle, and measured figures into one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import onnx
from onnx import helper

from hemavision.graph.doubt import NoveltyModel
from hemavision.graph.gradcam import Attribute
from hemavision.graph.writer import SCALINGS, BundleParts, write_model, write_network
from hemavision.keras_files.loading import network_from_keras
from hemavision.reading.bundle import MANIFEST_KEY, Manifest, check_bundle, manifest_from_metadata
from hemavision.training.command import record_without_folders


def write_bundle(
    model: keras.Model,
    manifest: Manifest,
    novelty: NoveltyModel,
    path: Path,
    attributes: tuple[Attribute, ...] = (),
) -> None:
    """Write ``model``, a trained one of our architectures, as the bundle ``path``."""
    scaling = SCALINGS["minus-one-to-one"]
    network = network_from_keras(model)
    write_network(BundleParts(network, manifest, scaling, novelty, attributes), path)


def weights_sha256(model: keras.Model) -> str:
    """Return the SHA-256 over the model's weight tensors, in Keras's order, as float32."""
    return network_from_keras(model).weights_sha256()


def stamp_metrics(path: Path, metrics: dict[str, Any]) -> None:
    """Write measured figures (protocol → figures) into the manifest of the bundle ``path``.

    The weights and the graph stay as they are; the file's SHA-256 changes. Folders that an earlier
    release recorded of the machine that trained it go.
    """
    proto = onnx.load_model_from_string(check_bundle(path))
    metadata = {p.key: p.value for p in proto.metadata_props}
    manifest = manifest_from_metadata(metadata, path)
    training = record_without_folders(manifest.training)
    manifest = replace(manifest, metrics=metrics, training=training)
    helper.set_model_props(proto, metadata | {MANIFEST_KEY: manifest.to_json()})
    write_model(proto, path)
