/**
 * A box that a reader lays around a cell which nobody has found: {x, y, width, height}, its middle
 * and its sides in pixels of the field. Pure.
 */

export const LEAST_PX = 8;
/** Of the field's shorter side, where no cell of it says how large one is. */
const SHARE = 0.16;
const GROWTH = 1.12;

/** Return the box to begin with: in the middle of what shows, as large as the field's cells are. */
export function firstBox(image, boxes, view) {
  const sides = boxes.map(({ left, top, right, bottom }) => Math.max(right - left, bottom - top)).sort((a, b) => a - b);
  const side = sides.length ? sides[Math.floor(sides.length / 2)] : SHARE * Math.min(image.width, image.height);
  return movedTo({ width: side, height: side }, { x: view.x * image.width, y: view.y * image.height }, image);
}

/** Return the box around a point; the point stays inside the field. */
export function movedTo(box, { x, y }, image) {
  return { ...box, x: within(x, 0, image.width), y: within(y, 0, image.height) };
}

/** Return the box `by` steps larger, or smaller below 0. */
export function sized(box, by, image) {
  const side = (length, most) => within(length * GROWTH ** by, LEAST_PX, most);
  return { ...box, width: side(box.width, image.width), height: side(box.height, image.height) };
}

/** Return the box from one corner to the one across, as far as it lies inside the field. */
export function drawn(from, to, image) {
  const span = (a, b, most) => [within(Math.min(a, b), 0, most), within(Math.max(a, b), 0, most)];
  const [[left, right], [top, bottom]] = [span(from.x, to.x, image.width), span(from.y, to.y, image.height)];
  return {
    x: (left + right) / 2, y: (top + bottom) / 2,
    width: Math.max(right - left, LEAST_PX), height: Math.max(bottom - top, LEAST_PX),
  };
}

/** Return the box by its edges inside the field, whole pixels. */
export function edgesOf({ x, y, width, height }, image) {
  const span = (centre, side, most) => {
    const low = Math.max(0, Math.min(Math.round(centre - side / 2), most - LEAST_PX));
    return [low, Math.min(most, Math.max(Math.round(centre + side / 2), low + LEAST_PX))];
  };
  const [[left, right], [top, bottom]] = [span(x, width, image.width), span(y, height, image.height)];
  return { left, top, right, bottom };
}

function within(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
