/** A square that a reader lays around a cell which nobody has found, in pixels of the field. Pure. */

export const LEAST_PX = 8;
/** Of the field's shorter side, where no cell of it says how large one is. */
const SHARE = 0.16;
const GROWTH = 1.12;

/** Return the square to begin with: in the middle of what shows, as large as the field's cells are. */
export function firstSquare(image, boxes, view) {
  const sides = boxes.map(({ left, top, right, bottom }) => Math.max(right - left, bottom - top)).sort((a, b) => a - b);
  const side = sides.length ? sides[Math.floor(sides.length / 2)] : SHARE * Math.min(image.width, image.height);
  return movedTo({ side }, { x: view.x * image.width, y: view.y * image.height }, image);
}

/** Return the square around a point; the point stays inside the field. */
export function movedTo(square, { x, y }, image) {
  const within = (value, most) => Math.min(Math.max(value, 0), most);
  return { ...square, x: within(x, image.width), y: within(y, image.height) };
}

/** Return the square a step larger or smaller. */
export function sized(square, by, image) {
  const most = Math.min(image.width, image.height);
  return { ...square, side: Math.min(Math.max(square.side * GROWTH ** by, LEAST_PX), most) };
}

/** Return the square as a box inside the field, whole pixels. */
export function boxOf({ x, y, side }, image) {
  const span = (centre, most) => {
    const low = Math.max(0, Math.min(Math.round(centre - side / 2), most - LEAST_PX));
    return [low, Math.min(most, Math.max(Math.round(centre + side / 2), low + LEAST_PX))];
  };
  const [[left, right], [top, bottom]] = [span(x, image.width), span(y, image.height)];
  return { left, top, right, bottom };
}
