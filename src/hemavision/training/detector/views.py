"""Random views of fields: a square window of a mosaic, at a random scale, in random light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from hemavision.training.augment import recoloured, restained

#: Pixels of the view a pixel of BCCD's photographs: what the detector is at home with.
HOME_SCALE = 0.5
#: Views are within a fourth of it, or between half and twice of it.
NEAR, FAR = 1.25, 2.1
#: Scale of a whole field at the least; at the most it fills its view.
SMALLEST_WHOLE = 0.42
#: What of a cell must be seen at the edge of a view to be asked for.
VISIBLE = 0.35
BLANK = 235


@dataclass(frozen=True)
class Variety:
    """How far views go from BCCD as it is.

    Attributes:
        view_px: side of a view in pixels, a multiple of the network's.
        whole: share of the views that are one whole field, 0 to 1: where its border cuts cells,
            they are asked for as whoever marked the field did it.
        far: share of the others at any scale between half and twice, 0 to 1.
        foreign: share of the views in another laboratory's stain, 0 to 1.
    """

    view_px: int = 256
    whole: float = 0.0
    far: float = 0.5
    foreign: float = 0.4


BROAD = Variety()


@dataclass(frozen=True)
class OpenField:
    """A field in memory: uint8 RGB H×W×3, float32 boxes B×4, int kinds B."""

    rgb: np.ndarray
    boxes: np.ndarray
    kinds: np.ndarray


def random_view(
    fields: list[OpenField], rng: np.random.Generator, variety: Variety = BROAD
) -> OpenField:
    """Return a view of ``variety.view_px`` pixels a side with the boxes of the cells in it."""
    side = variety.view_px
    if rng.random() < variety.whole:
        field = fields[rng.integers(len(fields))]
        largest = side / max(field.rgb.shape)
        world = _turned(scaled(field, rng.uniform(min(SMALLEST_WHOLE, largest), largest)), rng)
    else:
        reach = np.log(FAR if rng.random() < variety.far else NEAR)
        world = _mosaic(fields, HOME_SCALE * float(np.exp(rng.uniform(-reach, reach))), side, rng)
    return _in_light(_window(world, side, rng), rng, variety)


def _window(world: OpenField, side: int, rng: np.random.Generator) -> OpenField:
    """Return a square somewhere in the world; what lies outside is left blank."""
    height, width = world.rgb.shape[:2]
    top = int(rng.integers(max(height - side, 0) + 1))
    left = int(rng.integers(max(width - side, 0) + 1))
    canvas = np.full((side, side, 3), BLANK, np.uint8)
    seen = world.rgb[top : top + side, left : left + side]
    canvas[: seen.shape[0], : seen.shape[1]] = seen
    return OpenField(canvas, *visible(world, left, top, seen.shape[1], seen.shape[0]))


def _in_light(view: OpenField, rng: np.random.Generator, variety: Variety) -> OpenField:
    light = restained if rng.random() < variety.foreign else recoloured
    seen = light(view.rgb, rng)
    # The same blank as the detector fills its input with.
    seen[(view.rgb == BLANK).all(axis=-1)] = BLANK
    return OpenField(seen, view.boxes, view.kinds)


def scaled(field: OpenField, scale: float) -> OpenField:
    """Return the field at another scale."""
    height, width = field.rgb.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = Image.fromarray(field.rgb).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return OpenField(np.asarray(image), field.boxes * np.float32(scale), field.kinds)


def _mosaic(
    fields: list[OpenField], scale: float, side: int, rng: np.random.Generator
) -> OpenField:
    """Set fields side by side until a view fits in."""
    first = _turned(scaled(fields[rng.integers(len(fields))], scale), rng)
    height, width = first.rgb.shape[:2]
    rows, columns = -(-side // height), -(-side // width)
    if rows * columns == 1:
        return first
    canvas = np.full((rows * height, columns * width, 3), BLANK, np.uint8)
    boxes, kinds = [], []
    for place in range(rows * columns):
        field = first if place == 0 else scaled(fields[rng.integers(len(fields))], scale)
        if field.rgb.shape != first.rgb.shape:
            field = _upright(field)
        top, left = place // columns * height, place % columns * width
        canvas[top : top + height, left : left + width] = field.rgb
        boxes.append(field.boxes + np.array([left, top, left, top], np.float32))
        kinds.append(field.kinds)
    return OpenField(canvas, np.concatenate(boxes), np.concatenate(kinds))


def _turned(field: OpenField, rng: np.random.Generator) -> OpenField:
    """Mirror and turn a field: a smear has no up."""
    if rng.random() < 0.5:
        width = field.rgb.shape[1]
        left, top, right, bottom = field.boxes.T
        boxes = np.stack([width - right, top, width - left, bottom], axis=1)
        field = OpenField(field.rgb[:, ::-1], boxes, field.kinds)
    if rng.random() < 0.5:
        height = field.rgb.shape[0]
        left, top, right, bottom = field.boxes.T
        boxes = np.stack([left, height - bottom, right, height - top], axis=1)
        field = OpenField(field.rgb[::-1], boxes, field.kinds)
    return _upright(field) if rng.random() < 0.5 else field


def _upright(field: OpenField) -> OpenField:
    """Swap rows and columns."""
    return OpenField(field.rgb.swapaxes(0, 1), field.boxes[:, [1, 0, 3, 2]], field.kinds)


def visible(
    world: OpenField, left: int, top: int, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes and kinds of what is seen well enough in a window, the boxes cut to it."""
    moved = world.boxes - np.array([left, top, left, top], np.float32)
    cut = np.clip(moved, 0.0, np.array([width, height, width, height], np.float32))
    sides, whole = cut[:, 2:] - cut[:, :2], moved[:, 2:] - moved[:, :2]
    share = sides.prod(axis=1) / np.maximum(whole.prod(axis=1), 1e-6)
    seen = (share >= VISIBLE) & (sides.min(axis=1) >= 3.0)
    return cut[seen], world.kinds[seen]
