/** A picture at halved sizes, so that a panorama shrinks smoothly and in no time. */

const SMALLEST_PX = 700;

/** Return [{picture, scale}] of a picture of `width` × `height`: itself, then halves of it. */
export function makePyramid(picture, width, height) {
  const levels = [{ picture, scale: 1 }];
  let [last, w, h] = [picture, width, height];
  while (Math.max(w, h) / 2 >= SMALLEST_PX) {
    [w, h] = [Math.max(1, Math.round(w / 2)), Math.max(1, Math.round(h / 2))];
    const canvas = new OffscreenCanvas(w, h);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(last, 0, 0, w, h);
    levels.push({ picture: canvas, scale: w / width });
    last = canvas;
  }
  return levels;
}

/** Return the smallest level that still has a pixel for each of the screen's. Pure. */
export function levelFor(levels, scale) {
  return levels.findLast((level) => level.scale >= Math.min(scale, 1)) ?? levels[0];
}

/** Draw the part of a field that shows in the pane; `at` is {scale, left, top} as `place` gives. */
export function drawField(context, levels, image, at, pane) {
  const { picture, scale } = levelFor(levels, at.scale * (context.getTransform().a || 1));
  const left = Math.max(0, Math.floor(-at.left / at.scale));
  const top = Math.max(0, Math.floor(-at.top / at.scale));
  const right = Math.min(image.width, Math.ceil((pane.width - at.left) / at.scale));
  const bottom = Math.min(image.height, Math.ceil((pane.height - at.top) / at.scale));
  const [width, height] = [right - left, bottom - top];
  if (width <= 0 || height <= 0) return;
  context.imageSmoothingEnabled = at.scale < 4; // closer than that, the pixels are what there is to see
  context.drawImage(
    picture, left * scale, top * scale, width * scale, height * scale,
    at.left + left * at.scale, at.top + top * at.scale, width * at.scale, height * at.scale,
  );
}
