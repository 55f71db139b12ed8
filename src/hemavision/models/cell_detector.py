"""The detector: a small anchor-free network that finds every cell of a field.

Each place of its map, a quarter of the input's size, says how surely a white cell, a red cell or a
platelet is centred there (Zhou et al. 2019, "Objects as points") and how far the four edges of its
box are (Tian et al. 2019, FCOS). The features are EfficientNet-Lite0's, which ImageNet taught; the
way back up adds the finer maps to the coarser ones (Lin et al. 2017, feature pyramids). Input as
for the other networks: [-1, 1].
"""

from __future__ import annotations

from typing import Any

from hemavision.models import efficientnet_lite
from hemavision.models.efficientnet_lite import LiteMaker
from hemavision.models.installed import keras, layers

#: The stages whose maps are used, the last of each size: a quarter of the input's, and on.
LEVELS = (1, 2, 4, 6)
#: The network whose stages, and what ImageNet taught them, the detector begins with.
FEATURES = "efficientnet_lite"
#: Filters on the way back up, and of the map that answers.
PYRAMID = 64
#: Pixels of the input between two places of the map that answers.
STRIDE = 4
#: The sides of an input are multiples of this.
MULTIPLE = STRIDE * 2 ** (len(LEVELS) - 1)
KINDS, EDGES = 3, 4
#: A place is a cell's centre one time in a hundred, before anything is learned (Lin et al. 2017).
PRIOR_LOGIT = -4.6
#: The logarithm of an edge's distance in pixels, before anything is learned.
PRIOR_EDGE = 3.0


def build(
    input_px: int | None = None, batch_norm_momentum: float = 0.97, precision: str = "float32"
) -> keras.Model:
    """Build the detector, untrained.

    Args:
        input_px: side of the input, a multiple of 32; ``None`` leaves it open.
        batch_norm_momentum: of the normalisations' moving statistics.
        precision: a Keras dtype policy for all layers but the last.

    Returns:
        A model from N×H×W×3 in [-1, 1] to N×H/4×W/4×7: a logit for each kind of cell, then the
        logarithm of the distance in pixels to the left, top, right and bottom edge.
    """
    make = _Maker(batch_norm_momentum, precision)
    inputs = keras.Input((input_px, input_px, 3), name="image")
    maps = make.stages(inputs, efficientnet_lite.STAGES[FEATURES])
    levels = [maps[stage] for stage in LEVELS]
    top = make.unit(levels[-1], PYRAMID, 1, 1, f"pyramid_{len(levels)}")
    for level in range(len(levels) - 1, 0, -1):
        name = f"pyramid_{level}"
        up = layers.UpSampling2D(dtype=precision, name=f"{name}_up")(top)
        side = make.unit(levels[level - 1], PYRAMID, 1, 1, f"{name}_side")
        top = layers.Add(dtype=precision, name=f"{name}_sum")([up, side])
        top = make.separable(top, PYRAMID, name)
    top = make.unit(top, PYRAMID, 3, 1, "before_answer")
    answers = [
        make.answer(top, KINDS, PRIOR_LOGIT, "kinds"),
        make.answer(top, EDGES, PRIOR_EDGE, "edges"),
    ]
    outputs = layers.Concatenate(dtype="float32", name="answer")(answers)
    return keras.Model(inputs, outputs, name="cell_detector")


class _Maker(LiteMaker):
    """What this network has beside EfficientNet-Lite0's stages."""

    def separable(self, x: Any, filters: int, name: str) -> Any:
        """Look at each channel by itself, widely, then at all of them at each place."""
        x = self.depthwise(x, 5, 1, f"{name}_depthwise")
        return self.unit(x, filters, 1, 1, f"{name}_mix")

    def answer(self, x: Any, filters: int, prior: float, name: str) -> Any:
        """The last convolution of a branch; it starts from ``prior`` everywhere."""
        return layers.Conv2D(
            filters,
            1,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            bias_initializer=keras.initializers.Constant(prior),
            dtype="float32",
            name=name,
        )(x)
