/** The look of a cell in a few numbers, to know it again. Pure. */

export const GRID = 4;
/** Below this two looks may be of one cell; two cells of a smear mostly lie above. */
export const ALIKE = 0.06;

/**
 * Return the mean colours of a GRID × GRID mesh over a crop, each relative to the crop's mean, so
 * that a lamp turned up or down changes nothing.
 *
 * `pixels` are RGBA bytes of GRID × GRID pixels: the crop, already shrunk to that by the canvas.
 */
export function signature(pixels) {
  const values = [];
  for (let i = 0; i < GRID * GRID; i += 1) {
    for (let channel = 0; channel < 3; channel += 1) values.push(pixels[i * 4 + channel]);
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value / Math.max(mean, 1));
}

/** Return how unlike two looks are: the mean difference, 0 for the same; no look is unlike any. */
export function unlikeness(a, b) {
  if (!a || !b) return Infinity;
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
}
