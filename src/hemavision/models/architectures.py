"""The architectures that a recipe can name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from hemavision.models import efficientnet_lite, separable_cnn

#: Each builds an untrained network; see :func:`hemavision.models.separable_cnn.build`.
ARCHITECTURES: dict[str, Callable[..., Any]] = {
    "separable_cnn": separable_cnn.build,
    **{name: partial(efficientnet_lite.build, network=name) for name in efficientnet_lite.STAGES},
}
