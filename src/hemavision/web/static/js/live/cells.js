/** The cells of a frame: out of the server's answer, and how one looks, to know it again. Pure. */

export const PATCH_PX = 32; // the crop's side, shrunk, before its colours are averaged
const GRID = 4;
const STEP = PATCH_PX / GRID;
/** Below this two looks are of one cell: tests/browser/test_live_looks.py holds it to real ones. */
export const ALIKE = 0.03;

/** Return the cells of an answer; `signatureOf(box)` gives the look of a whole white cell. */
export function cellsOf(answer, signatureOf) {
  return answer.cells.map((cell) => {
    const { kind, box, score, cut } = cell;
    if (!cell.type) return { kind, box, score, cut };
    const { probabilities, status } = cell;
    const signature = cut ? null : signatureOf(box);
    return { kind, box, score, cut, probabilities, status, signature, heatmap: heatmapOf(cell) };
  });
}

function heatmapOf({ type, heatmap, heatmap_box: box }) {
  const values = Array.from(atob(heatmap.data), (letter) => letter.charCodeAt(0));
  return { type, values, width: heatmap.width, height: heatmap.height, box };
}

/**
 * Return the mean colours of a GRID × GRID mesh over a crop, each relative to the crop's mean, so
 * that a lamp turned up or down changes nothing. `pixels` are PATCH_PX × PATCH_PX RGBA bytes.
 */
export function signature(pixels) {
  const sums = new Array(GRID * GRID * 3).fill(0);
  for (let y = 0; y < PATCH_PX; y += 1) {
    for (let x = 0; x < PATCH_PX; x += 1) {
      const cell = (Math.floor(y / STEP) * GRID + Math.floor(x / STEP)) * 3;
      const at = (y * PATCH_PX + x) * 4;
      for (let channel = 0; channel < 3; channel += 1) sums[cell + channel] += pixels[at + channel];
    }
  }
  const mean = sums.reduce((total, value) => total + value, 0) / sums.length;
  return sums.map((value) => value / Math.max(mean, 1));
}

/** Return how unlike two looks are: the mean difference, 0 for the same; no look is unlike any. */
export function unlikeness(a, b) {
  if (!a || !b) return Infinity;
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
}
