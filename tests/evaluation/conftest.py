"""Answers by hand, and bundles that say what they were trained on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from hemavision.bundle import MANIFEST_KEY, find_bundle
from hemavision.cells import FOUR_TYPES
from hemavision.evaluation.answers import Answers

Maker = Callable[..., Answers]


@pytest.fixture(scope="session")
def answers_of() -> Maker:
    """Make answers out of right types, answered types, confidences and originals."""

    def make(
        truth: list[int],
        said: list[int],
        confidence: list[float] | None = None,
        originals: list[int] | None = None,
        statuses: list[str] | None = None,
    ) -> Answers:
        count, kinds = len(truth), len(FOUR_TYPES)
        sure = np.array(confidence or [0.7] * count)
        probabilities = np.repeat(((1 - sure) / (kinds - 1))[:, None], kinds, axis=1)
        probabilities[np.arange(count), said] = sure
        return Answers(
            FOUR_TYPES,
            np.array(truth),
            probabilities,
            np.array(originals if originals is not None else range(count)),
            np.array(statuses or ["confident"] * count),
            np.zeros(count),
            np.ones(count),
        )

    return make


@pytest.fixture(scope="session")
def bundle_trained_on(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Write the default bundle with another training record."""
    folder = tmp_path_factory.mktemp("bundles")

    def write(protocol: str) -> Path:
        path = folder / f"trained-on-{protocol.replace(':', '-')}.onnx"
        model = onnx.load(find_bundle("unseen-cells"))
        values = {item.key: item.value for item in model.metadata_props}
        manifest: dict[str, Any] = json.loads(values[MANIFEST_KEY])
        manifest |= {"name": path.stem, "training": {"protocol": protocol, "seed": 1}}
        onnx.helper.set_model_props(model, {MANIFEST_KEY: json.dumps(manifest)})
        path.write_bytes(model.SerializeToString())
        return path

    return write
