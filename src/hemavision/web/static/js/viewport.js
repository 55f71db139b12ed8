/**
 * Zoom and pan as arithmetic. A view is {zoom ≥ 1, x, y}: how much larger than the fitted image,
 * and which point of the image (0 to 1 each way) lies in the middle of the pane. It says nothing
 * about pixels, so it survives a resize and serves two panes at once.
 */

export const MAX_ZOOM = 16;
/** How far a view may zoom, in fitted sizes, unless a page says otherwise. */
export const LIMITS = Object.freeze({ least: 1, most: MAX_ZOOM });

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
export function clamp(view, image, pane) {
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
