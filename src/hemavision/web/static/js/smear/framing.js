/** Which part of a field to show: limits of the zoom, 1:1, a cell, and the way between. Pure. */

import { clamp, fitScale, MAX_ZOOM } from "../viewport.js";

const MOST_SCALE = 8; // screen pixels a pixel of the field
const CELL_SHARE = 0.34; // of the pane's shorter side: a cell that the page turns to
const MARGIN_SHARE = 0.06; // of the pane: nearer to its edge a cell counts as out of sight

/** Return how far a field may zoom: out to 1:1 or fitted, in to eight screen pixels a pixel. */
export function limits(image, pane) {
  const whole = 1 / fitScale(image, pane);
  return { least: Math.min(1, whole), most: Math.max(MAX_ZOOM, MOST_SCALE * whole) };
}

/** Return the view at which a pixel of the field takes one of the screen, on the same middle. */
export function oneToOne(view, image, pane) {
  return clamp({ ...view, zoom: 1 / fitScale(image, pane) }, image, pane);
}

/** Return the view with a cell in its middle, large enough to judge. */
export function focusOn(box, image, pane) {
  const side = Math.max(box.right - box.left, box.bottom - box.top, 1);
  const scale = (CELL_SHARE * Math.min(pane.width, pane.height)) / side;
  const { least, most } = limits(image, pane);
  const zoom = Math.min(Math.max(scale / fitScale(image, pane), Math.max(least, 1)), most);
  return clamp(centred(box, image, zoom), image, pane);
}

/** Return the view, moved only as far as a box asks that is out of sight; the same if it is not. */
export function reveal(view, box, image, pane) {
  const scale = fitScale(image, pane) * view.zoom;
  const half = { x: pane.width / 2 / scale, y: pane.height / 2 / scale };
  const inside = (low, high, centre, reach) =>
    low >= centre - reach * (1 - MARGIN_SHARE) && high <= centre + reach * (1 - MARGIN_SHARE);
  const seen = inside(box.left, box.right, view.x * image.width, half.x)
    && inside(box.top, box.bottom, view.y * image.height, half.y);
  const moved = clamp(centred(box, image, view.zoom), image, pane);
  return seen || (moved.x === view.x && moved.y === view.y) ? view : moved;
}

/** Return the view a share `t` of the way from one to another: as steady to the eye as a camera. */
export function between(from, to, t) {
  if (t >= 1) return to;
  const zoom = from.zoom * (to.zoom / from.zoom) ** t;
  const flat = Math.abs(to.zoom / from.zoom - 1) < 1e-3;
  const share = flat ? t : (1 / from.zoom - 1 / zoom) / (1 / from.zoom - 1 / to.zoom);
  return { zoom, x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

function centred(box, image, zoom) {
  return { zoom, x: (box.left + box.right) / 2 / image.width, y: (box.top + box.bottom) / 2 / image.height };
}
