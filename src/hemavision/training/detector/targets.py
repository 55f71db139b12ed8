"""What the detector is asked at every place of its map, and how wrong it is.

A cell's centre is a bell of ones and less around it; wherever the bell is high the distances to
the four edges are asked, too, weighed by it (Liu et al. 2020, "Training-time-friendly network").
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from hemavision.models.cell_detector import EDGES, KINDS, STRIDE
from hemavision.training.detector.opened import OpenField

#: Width of the bell against the box: three standard deviations reach this share of half of it.
BELL = 0.54
#: Penalty-reduced focal loss (Law & Deng 2018): powers of the error and of the distance.
FOCUS, REDUCTION = 2.0, 4.0
#: Weight of the edges against the centres.
EDGES_WEIGHT = 4.0


def targets_of(view: OpenField) -> np.ndarray:
    """Return the target of a square view.

    Returns:
        float32 h×w×11: the bells of the three kinds; the box's edges in pixels of the view as
        left, top, right, bottom, and how much they weigh; and how much it says, 0 to 1, that no
        cell of each kind is centred there.
    """
    boxes, kinds = view.boxes, view.kinds
    side = len(view.rgb) // STRIDE
    centres = (np.arange(side, dtype=np.float32) + 0.5) * STRIDE
    target = np.zeros((side, side, 2 * KINDS + EDGES + 1), np.float32)
    target[..., -KINDS:] = view.asked[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE] > 127
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    # The largest first: where boxes overlap, the smaller one keeps its place.
    for index in np.argsort(-areas):
        left, top, right, bottom = boxes[index]
        across = _bell(centres, left, right)
        down = _bell(centres, top, bottom)
        bell = down[:, None] * across[None, :]
        kind = int(kinds[index])
        target[..., kind] = np.maximum(target[..., kind], bell)
        near = bell > 0.1
        target[near, KINDS : KINDS + EDGES] = boxes[index]
        weight = bell[near] / bell[near].sum() if view.exact[index] else 0.0
        target[near, KINDS + EDGES] = weight
    return target


def _bell(centres: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return a bell over the box's extent that is 1 at the place nearest to its middle."""
    middle = centres[np.argmin(np.abs(centres - (low + high) / 2))]
    deviation = max(BELL * (high - low) / 6.0, STRIDE / 2.5)
    bell: np.ndarray = np.exp(-0.5 * ((centres - middle) / deviation) ** 2)
    return bell.astype(np.float32)


def loss(target: Any, answer: Any) -> Any:
    """Return the loss of each view: centres by focal loss, edges by generalised IoU."""
    cells = ops.maximum(ops.sum(ops.cast(target[..., :KINDS] >= 0.999, "float32"), (1, 2, 3)), 1.0)
    bells, edges, asked = (
        target[..., :KINDS],
        target[..., KINDS:-KINDS],
        target[..., -KINDS:],
    )
    centres = _centres(bells, asked, answer[..., :KINDS]) / cells
    return centres + EDGES_WEIGHT * _edges(edges, answer[..., KINDS:])


def _centres(bells: Any, asked: Any, logits: Any) -> Any:
    likely = ops.clip(ops.sigmoid(logits), 1e-5, 1.0 - 1e-5)
    is_centre = ops.cast(bells >= 0.999, "float32")
    found = is_centre * (1.0 - likely) ** FOCUS * ops.log(likely)
    other = asked * (1.0 - is_centre) * (1.0 - bells) ** REDUCTION * likely**FOCUS
    return -ops.sum(found + other * ops.log(1.0 - likely), (1, 2, 3))


def _edges(target: Any, answer: Any) -> Any:
    """1 - generalised IoU (Rezatofighi et al. 2019), the mean over the cells of a view."""
    height, width = ops.shape(answer)[1], ops.shape(answer)[2]
    across = ((ops.arange(width, dtype="float32") + 0.5) * STRIDE)[None, None, :]
    down = ((ops.arange(height, dtype="float32") + 0.5) * STRIDE)[None, :, None]
    reach = ops.exp(ops.clip(answer, -2.0, 7.0))
    left, top = across - reach[..., 0], down - reach[..., 1]
    right, bottom = across + reach[..., 2], down + reach[..., 3]
    true_left, true_top, true_right, true_bottom = (target[..., i] for i in range(4))
    shared = ops.maximum(
        ops.minimum(right, true_right) - ops.maximum(left, true_left), 0.0
    ) * ops.maximum(ops.minimum(bottom, true_bottom) - ops.maximum(top, true_top), 0.0)
    joint = (right - left) * (bottom - top) + (true_right - true_left) * (true_bottom - true_top)
    joint = joint - shared
    hull = (ops.maximum(right, true_right) - ops.minimum(left, true_left)) * (
        ops.maximum(bottom, true_bottom) - ops.minimum(top, true_top)
    )
    likeness = shared / (joint + 1e-6) - (hull - joint) / (hull + 1e-6)
    weight = target[..., 4]
    total = ops.maximum(ops.sum(weight, (1, 2)), 1e-6)
    return ops.sum(weight * (1.0 - likeness), (1, 2)) / total
