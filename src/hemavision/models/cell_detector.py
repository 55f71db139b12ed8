"""The detector: a small anchor-free network that finds every cell of a field.

Each place of its map, a quarter of the input's size, says how surely a white cell, a red cell or a
platelet is centred there (Zhou et al. 2019, "Objects as points") and how far the four edges of its
box are (Tian et al. 2019, FCOS). A residual backbone of few channels halves the map four more
times, so that the largest cells are seen whole, and the way back up adds the finer maps to it
(Lin et al. 2017, feature pyramids). Input as for the other networks: [-1, 1].
"""

from __future__ import annotations

from typing import Any

from hemavision.models.installed import keras, layers
from hemavision.models.maker import Maker

#: Filters of each stage; the first keeps the stem's map, every other halves it.
STAGES = (32, 64, 128, 160)
#: Filters on the way back up, and of the map that answers.
PYRAMID = 64
#: Pixels of the input between two places of the map that answers.
STRIDE = 4
#: The sides of an input are multiples of this.
MULTIPLE = STRIDE * 2 ** (len(STAGES) - 1)
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
    x = make.unit(inputs, STAGES[0], 5, 2, "stem")
    x = make.unit(x, STAGES[0], 3, 2, "stem_2")
    maps = []
    for stage, filters in enumerate(STAGES, start=1):
        for block in (1, 2):
            stride = 2 if stage > 1 and block == 1 else 1
            x = make.block(x, filters, stride, f"stage_{stage}_block_{block}")
        maps.append(x)
    top = make.unit(maps[-1], PYRAMID, 1, 1, "pyramid_4")
    for stage in range(len(STAGES) - 1, 0, -1):
        up = layers.UpSampling2D(dtype=precision, name=f"pyramid_{stage}_up")(top)
        side = make.unit(maps[stage - 1], PYRAMID, 1, 1, f"pyramid_{stage}_side")
        top = layers.Add(dtype=precision, name=f"pyramid_{stage}_sum")([up, side])
        top = make.unit(top, PYRAMID, 3, 1, f"pyramid_{stage}")
    top = make.unit(top, PYRAMID, 3, 1, "before_answer")
    answers = [
        make.answer(top, KINDS, PRIOR_LOGIT, "kinds"),
        make.answer(top, EDGES, PRIOR_EDGE, "edges"),
    ]
    outputs = layers.Concatenate(dtype="float32", name="answer")(answers)
    return keras.Model(inputs, outputs, name="cell_detector")


class _Maker(Maker):
    """What this network has beside that: units, its kind of block, and answers."""

    def unit(self, x: Any, filters: int, size: int, stride: int, name: str) -> Any:
        """A convolution, normalised, through a ReLU."""
        x = self.norm(self.convolution(x, filters, size, stride, name), name)
        return self.relu(x, f"{name}_relu")

    def block(self, x: Any, filters: int, stride: int, name: str) -> Any:
        """Two 3×3 convolutions beside a shortcut, summed (He et al. 2016)."""
        y = self.unit(x, filters, 3, stride, f"{name}_a")
        y = self.norm(self.convolution(y, filters, 3, 1, f"{name}_b"), f"{name}_b")
        if stride > 1 or x.shape[-1] != filters:
            shortcut = f"{name}_shortcut"
            x = self.norm(self.convolution(x, filters, 1, stride, shortcut), shortcut)
        x = layers.Add(dtype=self._precision, name=f"{name}_sum")([x, y])
        return self.relu(x, f"{name}_relu")

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
