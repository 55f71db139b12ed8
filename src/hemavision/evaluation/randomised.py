"""Bundles with some weights shuffled, for the sanity check of heatmaps (Adebayo et al. 2018)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from hemavision.errors import BundleError

HEAD = ("dense_1/0", "dense_2/0", "probabilities/0")
#: The weights shuffled at each stage, from the output inwards.
STAGES: dict[str, tuple[str, ...]] = {
    "last layer": ("probabilities/0",),
    "all dense layers": HEAD,
    "dense layers and the last four blocks": (
        *HEAD,
        *(f"separable_{block}/{part}" for block in (6, 7, 8, 9) for part in (0, 1)),
    ),
}


def write_randomised(bundle: Path, stage: str, seed: int, path: Path) -> None:
    """Write a copy of a bundle in which a stage's weights are shuffled, each within itself.

    Shuffling keeps every tensor's distribution, so only what was learned is lost.

    Raises:
        BundleError: the graph has no such weights (it is not our network).
    """
    model = onnx.load(bundle)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    missing = [name for name in STAGES[stage] if name not in tensors]
    if missing:
        raise BundleError(f"{bundle.name} has no weights named {', '.join(missing)}.")
    rng = np.random.default_rng(seed)
    for name in STAGES[stage]:
        old = numpy_helper.to_array(tensors[name])
        new = rng.permutation(old.ravel()).reshape(old.shape)
        tensors[name].CopyFrom(numpy_helper.from_array(new, name))
    path.write_bytes(model.SerializeToString())
