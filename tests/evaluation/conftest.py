"""Answers by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hemavision.evaluation.answers import Answers
from hemavision.records.cells import FOUR_TYPES

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
