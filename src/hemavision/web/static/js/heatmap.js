/** Grad-CAM numbers → pixels. The same arithmetic as hemavision.reading.explaining.overlay, in the browser. */

/** The 256 colours of the jet scale: three clipped triangles, [r, g, b] each 0 to 255. */
export const JET = Array.from({ length: 256 }, (_, i) => {
  const x = i / 255;
  return [3, 2, 1].map((peak) =>
    Math.floor(Math.min(Math.max(1.5 - Math.abs(4 * x - peak), 0), 1) * 255 + 0.5));
});

const FAINT = 0.12; // of the map's peak: less than this does not show, so that the cell does
const FULL = 0.55; // of the peak: from here on the map covers as much as it may

/** Flatten a map (rows of numbers ≥ 0) and scale its peak to 1; an all-zero map stays zero. */
export function normalise(rows) {
  const width = rows[0]?.length ?? 0;
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, y) => values.set(row, y * width));
  const peak = values.reduce((most, value) => Math.max(most, value), 0);
  if (peak > 0) for (let i = 0; i < values.length; i += 1) values[i] /= peak;
  return { values, width, height: rows.length };
}

/**
 * Spread a map over the whole image, bilinearly; outside `box` it counts as zero.
 *
 * `frame` is {width, height} of the image in its own pixels, and what is wanted of it:
 * {outWidth, outHeight} pixels for the whole, of which `rows` from `top` are returned.
 * Returns a Float32Array of outWidth × rows.
 */
export function spread(map, box, frame) {
  const { width, height, outWidth, outHeight, top = 0, rows = outHeight } = frame;
  const columns = taps(outWidth, 0, width / outWidth, box.left, box.right, map.width);
  const lines = taps(rows, top, height / outHeight, box.top, box.bottom, map.height);
  const out = new Float32Array(outWidth * rows);
  for (let y = 0; y < rows; y += 1) {
    if (lines.low[y] < 0) continue;
    const [above, below] = [lines.low[y] * map.width, lines.high[y] * map.width];
    const down = lines.share[y];
    for (let x = 0; x < outWidth; x += 1) {
      const [low, high] = [columns.low[x], columns.high[x]];
      if (low < 0) continue;
      const along = columns.share[x];
      const upper = map.values[above + low] * (1 - along) + map.values[above + high] * along;
      const lower = map.values[below + low] * (1 - along) + map.values[below + high] * along;
      out[y * outWidth + x] = upper * (1 - down) + lower * down;
    }
  }
  return out;
}

/** For each output pixel along one axis: its two neighbours in the map and the second's share. */
function taps(count, first, step, start, end, size) {
  const low = new Int32Array(count).fill(-1);
  const high = new Int32Array(count);
  const share = new Float32Array(count);
  for (let i = 0; i < count; i += 1) {
    const at = (first + i + 0.5) * step;
    if (at < start || at >= end) continue;
    const position = Math.min(Math.max(((at - start) / (end - start)) * size - 0.5, 0), size - 1);
    low[i] = Math.floor(position);
    high[i] = Math.min(low[i] + 1, size - 1);
    share[i] = position - low[i];
  }
  return { low, high, share };
}

/** Colour values 0 to 1 by the jet scale: opaque RGBA bytes. */
export function colour(values) {
  const pixels = new Uint8ClampedArray(values.length * 4);
  for (let i = 0; i < values.length; i += 1) {
    const [r, g, b] = JET[Math.min(Math.max(Math.floor(values[i] * 255 + 0.5), 0), 255)];
    pixels[i * 4] = r;
    pixels[i * 4 + 1] = g;
    pixels[i * 4 + 2] = b;
    pixels[i * 4 + 3] = 255;
  }
  return pixels;
}

/** Return how far a value from 0 to 1 covers the picture: nothing where there is no evidence. */
export function coverage(value) {
  const t = Math.min(Math.max((value - FAINT) / (FULL - FAINT), 0), 1);
  return t * t * (3 - 2 * t);
}

/** Say whether anything in the image speaks for a type: its map is not zero everywhere. */
export function hasEvidence(heatmaps, cellType) {
  const map = mapOf(heatmaps, cellType);
  return map !== null && map.values.some((value) => value > 0);
}

/**
 * Return one normalised map out of an answer's `heatmaps`, or null if it has none: a cell type's
 * ("monocyte") or an attribute value's ("granule_colour=red").
 */
export function mapOf(heatmaps, name) {
  const [first, value] = (name ?? "").split("=");
  const { names, values } = value === undefined
    ? { names: heatmaps?.cell_types, values: heatmaps?.values }
    : heatmaps?.morphology?.[first] ?? {};
  const index = names?.indexOf(value ?? first) ?? -1;
  return index < 0 ? null : normalise(values[index]);
}
