"""The eight-type network: a small residual network that sees shape before colour.

Residual blocks: He et al. 2016, "Deep residual learning for image recognition". Few channels
and dense kernels, because they cost less a step on a CPU than many channels and separable
ones. Its early stages end in instance normalisation (Pan et al. 2018, IBN-Net): it takes an
image's own mean and contrast out of every channel, and with them most of what a laboratory's
camera and stain leave there. One dense layer follows the pooling, so Grad-CAM is the class
activation map itself, for types and attributes alike. Input as for the first network: [-1, 1].
"""

from __future__ import annotations

from typing import Any

from hemavision.models.installed import keras, layers
from hemavision.models.maker import EPSILON, Maker

#: Filters of each stage; every stage but the first halves the map.
STAGES = (32, 64, 128, 192)
STRIDES = (1, 2, 2, 1)
BLOCKS_A_STAGE = 2
#: After the stem and the stages up to this one, an image's own statistics are taken out.
INSTANCE_NORMS_TO = 3


def build(
    classes: int,
    input_px: int | None = None,
    batch_norm_momentum: float = 0.9,
    precision: str = "float32",
) -> keras.Model:
    """Build the network, untrained; arguments and result as for the first network's ``build``."""
    make = _Maker(batch_norm_momentum, precision)
    inputs = keras.Input((input_px, input_px, 3), name="image")
    x = make.own_norm(make.convolution(inputs, STAGES[0], 5, 2, "stem"), "stem")
    x = make.relu(x, "stem_relu")
    for stage, (filters, stride) in enumerate(zip(STAGES, STRIDES, strict=True), start=1):
        for block in range(1, BLOCKS_A_STAGE + 1):
            name = f"stage_{stage}_block_{block}"
            x = make.block(x, filters, stride if block == 1 else 1, name)
            if block == BLOCKS_A_STAGE and stage <= INSTANCE_NORMS_TO:
                x = make.own_norm(x, name)
            last = (stage, block) == (len(STAGES), BLOCKS_A_STAGE)
            x = make.relu(x, "features" if last else f"{name}_relu")
    x = layers.GlobalAveragePooling2D(dtype="float32", name="embedding")(x)
    x = layers.Dropout(0.2, dtype="float32", name="dropout")(x)
    outputs = layers.Dense(classes, activation="softmax", name="probabilities", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="residual_cnn")


class _Maker(Maker):
    """What this network has beside that: instance normalisation, and its kind of block."""

    def own_norm(self, x: Any, name: str) -> Any:
        """Instance normalisation: each channel of each image by itself."""
        return layers.GroupNormalization(
            groups=-1, epsilon=EPSILON, dtype=self._precision, name=f"{name}_own_norm"
        )(x)

    def block(self, x: Any, filters: int, stride: int, name: str) -> Any:
        """Two 3×3 convolutions beside a shortcut, summed; a strided shortcut takes the mean."""
        y = self.convolution(x, filters, 3, stride, f"{name}_a")
        y = self.relu(self.norm(y, f"{name}_a"), f"{name}_a_relu")
        y = self.norm(self.convolution(y, filters, 3, 1, f"{name}_b"), f"{name}_b")
        if stride > 1:
            x = layers.AveragePooling2D(
                stride, padding="same", dtype=self._precision, name=f"{name}_mean"
            )(x)
        if x.shape[-1] != filters:
            shortcut = f"{name}_shortcut"
            x = self.norm(self.convolution(x, filters, 1, 1, shortcut), shortcut)
        return layers.Add(dtype=self._precision, name=f"{name}_sum")([x, y])
