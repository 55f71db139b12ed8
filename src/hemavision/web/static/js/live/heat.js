/** A white cell's heatmap as a picture. */

import { colour, spread } from "../heatmap.js";
import { coverage } from "../smear/heat.js";

const LAYER_PX = 64;
const layers = new WeakMap(); // heatmap → canvas; a cache of what is the same for ever

/** Return the coloured map {values (0 to 255), width, height} as a canvas over its box. */
export function heatLayer(heatmap) {
  if (!layers.has(heatmap)) layers.set(heatmap, paint(heatmap));
  return layers.get(heatmap);
}

function paint({ values, width, height }) {
  const side = LAYER_PX;
  const map = { values: Float32Array.from(values, (value) => value / 255), width, height };
  const box = { left: 0, top: 0, right: side, bottom: side };
  const shares = spread(map, box, { width: side, height: side, outWidth: side, outHeight: side });
  const pixels = colour(shares);
  for (let i = 0; i < shares.length; i += 1) pixels[i * 4 + 3] = 255 * coverage(shares[i]);
  const canvas = new OffscreenCanvas(side, side);
  canvas.getContext("2d").putImageData(new ImageData(pixels, side, side), 0, 0);
  return canvas;
}
