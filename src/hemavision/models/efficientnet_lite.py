"""EfficientNet-Lite, whose features an ImageNet of a million photographs has already taught.

Tan and Le 2019, "EfficientNet"; the Lite variants leave out squeeze-and-excitation and end every
unit in a ReLU6, so that 8-bit arithmetic does them little harm. Inverted residual blocks as in
Sandler et al. 2018, MobileNetV2. One dense layer follows the pooling, so Grad-CAM is the class
activation map itself, for types and attributes alike. Input as for the other networks: [-1, 1].
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hemavision.models.installed import keras, layers
from hemavision.models.maker import Maker

Stages = tuple[tuple[int, int, int, int, int], ...]
#: Of each network: (blocks, kernel size, stride of the first, expansion, filters) of each stage.
#: Lite2 is 1.2 times as deep as Lite0 and 1.1 times as wide.
STAGES: dict[str, Stages] = {
    "efficientnet_lite": (
        (1, 3, 1, 1, 16),
        (2, 3, 2, 6, 24),
        (2, 5, 2, 6, 40),
        (3, 3, 2, 6, 80),
        (3, 5, 1, 6, 112),
        (4, 5, 2, 6, 192),
        (1, 3, 1, 6, 320),
    ),
    "efficientnet_lite2": (
        (1, 3, 1, 1, 16),
        (3, 3, 2, 6, 24),
        (3, 5, 2, 6, 48),
        (4, 3, 2, 6, 88),
        (4, 5, 1, 6, 120),
        (5, 5, 2, 6, 208),
        (1, 3, 1, 6, 352),
    ),
}
STEM, HEAD = 32, 1280
#: A block's residual is left out this often in training, the last one's; earlier ones' less
#: (Huang et al. 2016, "Deep networks with stochastic depth").
DROP_PATH = 0.1


class Block(NamedTuple):
    """One block: filters, kernel size, stride, expansion, and how often training drops it."""

    filters: int
    size: int
    stride: int
    expansion: int
    drop: float


def build(
    classes: int,
    input_px: int | None = None,
    batch_norm_momentum: float = 0.99,
    precision: str = "float32",
    network: str = "efficientnet_lite",
) -> keras.Model:
    """Build a network of :data:`STAGES`, untrained; else as for the first network's ``build``."""
    make = LiteMaker(batch_norm_momentum, precision)
    inputs = keras.Input((input_px, input_px, 3), name="image")
    x = make.stages(inputs, STAGES[network])[-1]
    x = make.norm(make.convolution(x, HEAD, 1, 1, "head"), "head")
    x = make.relu(x, "features")
    x = layers.GlobalAveragePooling2D(dtype="float32", name="embedding")(x)
    x = layers.Dropout(0.2, dtype="float32", name="dropout")(x)
    outputs = layers.Dense(classes, activation="softmax", name="probabilities", dtype="float32")(x)
    return keras.Model(inputs, outputs, name=network)


class LiteMaker(Maker):
    """What this network has beside that: ReLU6, depthwise convolutions, and its kind of block."""

    def stages(self, inputs: Any, stages: Stages) -> list[Any]:
        """Everything up to the last block: the map that each of ``stages`` ends with."""
        x = self.unit(inputs, STEM, 3, 2, "stem")
        maps: list[Any] = []
        index, blocks = 0, sum(stage[0] for stage in stages)
        for repeats, kernel, stride, expansion, filters in stages:
            for repeat in range(repeats):
                first = stride if repeat == 0 else 1
                block = Block(filters, kernel, first, expansion, DROP_PATH * index / blocks)
                x = self.block(x, block, f"block_{index}")
                index += 1
            maps.append(x)
        return maps

    def relu(self, x: Any, name: str) -> Any:
        """A ReLU that is cut off at six."""
        return layers.ReLU(6.0, dtype=self._precision, name=name)(x)

    def unit(self, x: Any, filters: int, size: int, stride: int, name: str) -> Any:
        """A convolution, normalised, through a ReLU6."""
        x = self.norm(self.convolution(x, filters, size, stride, name), name)
        return self.relu(x, f"{name}_relu")

    def depthwise(self, x: Any, size: int, stride: int, name: str) -> Any:
        """A convolution of each channel by itself, normalised, through a ReLU6."""
        x = layers.DepthwiseConv2D(
            size,
            strides=stride,
            padding="same",
            use_bias=False,
            dtype=self._precision,
            name=name,
        )(x)
        return self.relu(self.norm(x, name), f"{name}_relu")

    def block(self, x: Any, block: Block, name: str) -> Any:
        """Widen, look at each channel by itself, narrow; beside a shortcut where shapes allow."""
        y = x
        if block.expansion > 1:
            y = self.unit(x, x.shape[-1] * block.expansion, 1, 1, f"{name}_widen")
        y = self.depthwise(y, block.size, block.stride, f"{name}_depthwise")
        y = self.norm(self.convolution(y, block.filters, 1, 1, f"{name}_narrow"), f"{name}_narrow")
        if block.stride > 1 or x.shape[-1] != block.filters:
            return y
        if block.drop:
            y = layers.Dropout(
                block.drop,
                noise_shape=(None, 1, 1, 1),
                dtype=self._precision,
                name=f"{name}_drop",
            )(y)
        return layers.Add(dtype=self._precision, name=f"{name}_sum")([x, y])
