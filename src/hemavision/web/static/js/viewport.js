/**
 * Zoom and pan as arithmetic. A view is {zoom ≥ 1, x, y}: how much larger than the fitted image,
 * and which point of the image (0 to 1 each way) lies in the middle of the pane. It says nothing
 * about pixels, so it survives a resize and serves two panes at once. For a field: limits of the zoom,
 * 1:1, a cell, and the way between. Pure.
 */

export const MAX_ZOOM = 16;
/** How far a view may zoom, in fitted sizes, unless a page says otherwise. */
export const LIMITS = Object.freeze({ least: 1, most: MAX_ZOOM });
const MOST_SCALE = 8; // screen pixels a pixel of the field
const CELL_SHARE = 0.34; // of the pane's shorter side: a cell that the page turns to
const MARGIN_SHARE = 0.06; // of the pane: nearer to its edge a cell counts as out of sight

/** Return where the image lies: {scale, left, top}, in the pane's pixels. */
export function place(view, image, pane) {
  const scale = fitScale(image, pane) * view.zoom;
  return {
    scale,
    left: pane.width / 2 - view.x * image.width * scale,
    top: pane.height / 2 - view.y * image.height * scale,
  };
}

/** Return the view zoomed by `factor` with the image's point under `point` held still. */
export function zoomAt(view, factor, point, image, pane, limits = LIMITS) {
  const zoom = Math.min(Math.max(view.zoom * factor, limits.least), limits.most);
  const before = place(view, image, pane);
  const scale = fitScale(image, pane) * zoom;
  const held = {
    x: (point.x - before.left) / before.scale,
    y: (point.y - before.top) / before.scale,
  };
  return clamp({
    zoom,
    x: (held.x - (point.x - pane.width / 2) / scale) / image.width,
    y: (held.y - (point.y - pane.height / 2) / scale) / image.height,
  }, image, pane);
}

/** Return the view after dragging the image by (dx, dy) pixels. */
export function panBy(view, dx, dy, image, pane) {
  const { scale } = place(view, image, pane);
  const x = view.x - dx / (image.width * scale);
  const y = view.y - dy / (image.height * scale);
  return clamp({ ...view, x, y }, image, pane);
}

/** Return how many of the pane's pixels one of the image's takes where it is fitted. */
export function fitScale(image, pane) {
  return Math.min(pane.width / image.width, pane.height / image.height);
}

/** Keep the pane filled where the image is larger than it, and centred where it is smaller. */
function clamp(view, image, pane) {
  const scale = fitScale(image, pane) * view.zoom;
  return {
    zoom: view.zoom,
    x: within(view.x, pane.width / (image.width * scale)),
    y: within(view.y, pane.height / (image.height * scale)),
  };
}

function within(centre, visible) {
  if (visible >= 1) return 0.5;
  return Math.min(Math.max(centre, visible / 2), 1 - visible / 2);
}

/** Split the canvas into the panes of a mode: one, or two along the longer side with a gap. */
export function panes(mode, width, height, gap = 8) {
  if (mode !== "side") return [{ left: 0, top: 0, width, height }];
  if (width >= height) {
    const half = (width - gap) / 2;
    return [{ left: 0, top: 0, width: half, height }, { left: half + gap, top: 0, width: half, height }];
  }
  const half = (height - gap) / 2;
  return [{ left: 0, top: 0, width, height: half }, { left: 0, top: half + gap, width, height: half }];
}

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
