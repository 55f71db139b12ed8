"""The first network in numbers, for whoever builds it and for whoever only reads its weights."""

from __future__ import annotations

#: (filters, kernel size, stride) of each block; the max pooling comes after the fifth.
BLOCKS = (
    (128, 8, 3),
    (128, 5, 1),
    (256, 3, 1),
    (256, 1, 1),
    (256, 1, 1),
    (512, 3, 1),
    (512, 3, 1),
    (512, 3, 1),
    (512, 3, 1),
)
POOL_AFTER = 5
INPUT_PX = 224
HIDDEN_UNITS, HIDDEN_LAYERS = 1024, 2
CLASSES = 4
EPSILON = 1e-3
