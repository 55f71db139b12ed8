"""Random views of fields: a square window of a mosaic, at a random scale, in random light."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from hemavision.training.augment import recoloured, refocused, restained
from hemavision.training.cameras import another_camera
from hemavision.training.detector.composites import Cutout, compose
from hemavision.training.detector.opened import OpenField

#: Views are within a fourth of the scale of home, or between half and twice of it.
NEAR, FAR = 1.25, 2.1
#: Scale of a whole field at the least, against home's; at the most it fills its view.
SMALLEST_WHOLE = 0.84
#: What of a cell must be seen at the edge of a view to be asked for.
VISIBLE = 0.35
BLANK = 235
#: How often a view begins with a field of each set, relative.
SHARES = {"bccd": 0.6, "draaslan": 0.15, "bcisc": 0.25}


@dataclass(frozen=True)
class Variety:
    """How far views go from the fields as they are.

    Attributes:
        view_px: side of a view in pixels, a multiple of the network's.
        whole: share of the views that are one whole field, 0 to 1: where its border cuts cells,
            they are asked for as whoever marked the field did it.
        far: share of the others at any scale between half and twice, 0 to 1.
        foreign: share of the views in another laboratory's stain and camera, 0 to 1.
        composed: share of the fields that cells of other pictures are set onto, 0 to 1.
    """

    view_px: int = 256
    whole: float = 0.2
    far: float = 0.5
    foreign: float = 0.5
    composed: float = 0.4


BROAD = Variety()


class World:
    """All there is to see: fields by their set, and cells to set onto them."""

    def __init__(self, fields: dict[str, list[OpenField]], cutouts: list[Cutout]) -> None:
        """Take the fields of each set of :data:`SHARES`, at least one in all, and the cells."""
        self._fields, self._cutouts = fields, cutouts
        self._sources = [source for source in SHARES if fields.get(source)]
        shares = np.array([SHARES[source] for source in self._sources])
        self._shares = shares / shares.sum()

    def draw(self, rng: np.random.Generator, composed: float) -> OpenField:
        """Return a field, with further cells on it so often."""
        source = self._sources[rng.choice(len(self._sources), p=self._shares)]
        fields = self._fields[source]
        field = fields[rng.integers(len(fields))]
        if self._cutouts and rng.random() < composed:
            return compose(field, self._cutouts, rng)
        return field


def random_view(world: World, rng: np.random.Generator, variety: Variety = BROAD) -> OpenField:
    """Return a view of ``variety.view_px`` pixels a side with the boxes of the cells in it."""
    side = variety.view_px
    first = world.draw(rng, variety.composed)
    if rng.random() < variety.whole:
        largest = side / (max(first.rgb.shape) * first.home)
        scale = rng.uniform(min(SMALLEST_WHOLE, largest), largest)
        seen = _turned(scaled(first, first.home * scale), rng)
    else:
        reach = np.log(FAR if rng.random() < variety.far else NEAR)
        scale = float(np.exp(rng.uniform(-reach, reach)))
        seen = _mosaic(first, world, scale, rng, variety)
    return _in_light(_window(seen, side, rng), rng, variety)


def _window(world: OpenField, side: int, rng: np.random.Generator) -> OpenField:
    """Return a square somewhere in the world; what lies outside is left blank."""
    height, width = world.rgb.shape[:2]
    top = int(rng.integers(max(height - side, 0) + 1))
    left = int(rng.integers(max(width - side, 0) + 1))
    return window(world, left, top, side)


def window(world: OpenField, left: int, top: int, side: int) -> OpenField:
    """Return the square at that corner; what lies outside is left blank, and no cell is there."""
    canvas = np.full((side, side, 3), BLANK, np.uint8)
    asked = np.full((side, side, 3), 255, np.uint8)
    seen = world.rgb[top : top + side, left : left + side]
    height, width = seen.shape[:2]
    canvas[:height, :width] = seen
    asked[:height, :width] = world.asked[top : top + side, left : left + side]
    boxes, shown = visible(world.boxes, left, top, width, height)
    return OpenField(canvas, boxes, world.kinds[shown], world.exact[shown], asked, world.home)


def _in_light(view: OpenField, rng: np.random.Generator, variety: Variety) -> OpenField:
    if rng.random() < variety.foreign:
        seen = another_camera(restained(refocused(view.rgb, rng), rng), rng)
    else:
        seen = recoloured(view.rgb, rng)
    # The same blank as the detector fills its input with.
    seen[(view.rgb == BLANK).all(axis=-1)] = BLANK
    return replace(view, rgb=np.rint(seen).astype(np.uint8))


def scaled(field: OpenField, scale: float) -> OpenField:
    """Return the field at another scale."""
    height, width = field.rgb.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = Image.fromarray(field.rgb).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    asked = Image.fromarray(np.ascontiguousarray(field.asked)).resize(
        size, Image.Resampling.NEAREST
    )
    return replace(
        field,
        rgb=np.asarray(image),
        boxes=field.boxes * np.float32(scale),
        asked=np.asarray(asked),
    )


def _mosaic(
    first: OpenField, world: World, scale: float, rng: np.random.Generator, variety: Variety
) -> OpenField:
    """Set fields side by side until a view fits in."""
    first = _turned(scaled(first, first.home * scale), rng)
    side = variety.view_px
    height, width = first.rgb.shape[:2]
    rows, columns = -(-side // height), -(-side // width)
    if rows * columns == 1:
        return first
    canvas = np.full((rows * height, columns * width, 3), BLANK, np.uint8)
    asked = np.full(canvas.shape, 255, np.uint8)
    boxes, kinds, exact = [], [], []
    for place in range(rows * columns):
        field = first
        if place:
            other = world.draw(rng, variety.composed)
            field = _cut_to(scaled(other, other.home * scale), width, height)
        top, left = place // columns * height, place % columns * width
        down, across = field.rgb.shape[:2]
        canvas[top : top + down, left : left + across] = field.rgb
        asked[top : top + down, left : left + across] = field.asked
        boxes.append(field.boxes + np.array([left, top, left, top], np.float32))
        kinds.append(field.kinds)
        exact.append(field.exact)
    return OpenField(
        canvas,
        np.concatenate(boxes),
        np.concatenate(kinds),
        np.concatenate(exact),
        asked,
        first.home,
    )


def _cut_to(field: OpenField, width: int, height: int) -> OpenField:
    boxes, shown = visible(field.boxes, 0, 0, width, height)
    return replace(
        field,
        rgb=field.rgb[:height, :width],
        boxes=boxes,
        kinds=field.kinds[shown],
        exact=field.exact[shown],
        asked=field.asked[:height, :width],
    )


def _turned(field: OpenField, rng: np.random.Generator) -> OpenField:
    """Mirror and turn a field: a smear has no up."""
    if rng.random() < 0.5:
        width = field.rgb.shape[1]
        left, top, right, bottom = field.boxes.T
        boxes = np.stack([width - right, top, width - left, bottom], axis=1)
        field = replace(field, rgb=field.rgb[:, ::-1], boxes=boxes, asked=field.asked[:, ::-1])
    if rng.random() < 0.5:
        height = field.rgb.shape[0]
        left, top, right, bottom = field.boxes.T
        boxes = np.stack([left, height - bottom, right, height - top], axis=1)
        field = replace(field, rgb=field.rgb[::-1], boxes=boxes, asked=field.asked[::-1])
    if rng.random() < 0.5:
        return field
    return replace(
        field,
        rgb=field.rgb.swapaxes(0, 1),
        boxes=field.boxes[:, [1, 0, 3, 2]],
        asked=field.asked.swapaxes(0, 1),
    )


def visible(
    boxes: np.ndarray, left: int, top: int, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes (float32 V×4, cut) that a window shows well enough, and which: bool B."""
    moved = boxes - np.array([left, top, left, top], np.float32)
    cut = np.clip(moved, 0.0, np.array([width, height, width, height], np.float32))
    sides, whole = cut[:, 2:] - cut[:, :2], moved[:, 2:] - moved[:, :2]
    share = sides.prod(axis=1) / np.maximum(whole.prod(axis=1), 1e-6)
    seen = (share >= VISIBLE) & (sides.min(axis=1) >= 3.0)
    return cut[seen], seen
