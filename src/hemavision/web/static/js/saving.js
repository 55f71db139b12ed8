/** Overlay and JSON as files, made in the browser at the image's own resolution. */

import { colour, mapOf, spread } from "./heatmap.js";

const BAND_ROWS = 256; // a band at a time keeps a 100-megapixel image within memory

/** Return a canvas with the map blended over the picture, at the original resolution. */
export function compose(picture, answer, cellType, opacity) {
  const { width, height, box } = answer.prediction;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  const map = mapOf(answer.heatmaps, cellType);
  if (!map || opacity === 0) return canvas;
  context.globalAlpha = opacity;
  for (let top = 0; top < height; top += BAND_ROWS) {
    const rows = Math.min(BAND_ROWS, height - top);
    const frame = { width, height, outWidth: width, outHeight: height, top, rows };
    const band = new OffscreenCanvas(width, rows);
    const pixels = new ImageData(colour(spread(map, box, frame)), width, rows);
    band.getContext("2d").putImageData(pixels, 0, 0);
    context.drawImage(band, 0, top);
  }
  return canvas;
}

/** Return the answer as JSON text, as the server gave it but without pictures. */
export function answerJson(answer) {
  const { overlay, ...rest } = answer;
  return JSON.stringify(rest, null, 2);
}

/** Hand a blob to the browser's downloads. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
