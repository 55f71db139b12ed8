/** Boxes [left, top, right, bottom] in pixels, as arithmetic. Pure. */

export const centre = ([left, top, right, bottom]) => ({ x: (left + right) / 2, y: (top + bottom) / 2 });

const area = ([left, top, right, bottom]) => Math.max(right - left, 0) * Math.max(bottom - top, 0);

/** Return the side of a square with the box's area. */
export const side = (box) => Math.sqrt(area(box));

export const moved = ([left, top, right, bottom], { x, y }) => [left + x, top + y, right + x, bottom + y];

/** Return the part of a box that lies in a frame of width × height; it may be empty. */
export function clipped([left, top, right, bottom], { width, height }) {
  return [
    Math.min(Math.max(left, 0), width), Math.min(Math.max(top, 0), height),
    Math.min(Math.max(right, 0), width), Math.min(Math.max(bottom, 0), height),
  ];
}

/** Return the share of a box that lies in the frame, 0 to 1. */
export function visibleShare(box, frame) {
  const whole = area(box);
  return whole > 0 ? area(clipped(box, frame)) / whole : 0;
}

/** Return the common part of two boxes over their union, 0 to 1. */
export function overlap(a, b) {
  const common = area([
    Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3]),
  ]);
  const both = area(a) + area(b) - common;
  return both > 0 ? common / both : 0;
}

export function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** Return `from` moved by `share` (0 to 1) of the way to `to`. */
export function blend(from, to, share) {
  return from.map((value, index) => value + (to[index] - value) * share);
}
