/** A cell's heatmap as a picture, and the cell cut out of its field. */

import { colour, normalise, spread } from "../heatmap.js";

const LAYER_PX = 128; // side of a cell's map on the screen
const FAINT = 0.12; // of the map's peak: less than this does not show, so that the cell does
const FULL = 0.55; // of the peak: from here on the map covers as much as it may

/** Return the coloured map of a cell as a canvas over its `heatmap.box`, or null; made once. */
export function heatLayer(cell, layers) {
  if (!cell.heatmap) return null;
  if (!layers.has(cell)) layers.set(cell, paintHeat(cell.heatmap.values));
  return layers.get(cell);
}

function paintHeat(rows) {
  const side = LAYER_PX;
  const box = { left: 0, top: 0, right: side, bottom: side };
  const values = spread(normalise(rows), box, { width: side, height: side, outWidth: side, outHeight: side });
  const pixels = colour(values);
  for (let i = 0; i < values.length; i += 1) pixels[i * 4 + 3] = 255 * coverage(values[i]);
  const canvas = new OffscreenCanvas(side, side);
  canvas.getContext("2d").putImageData(new ImageData(pixels, side, side), 0, 0);
  return canvas;
}

/** Return how far a value from 0 to 1 covers the picture: nothing where there is no evidence. Pure. */
export function coverage(value) {
  const t = Math.min(Math.max((value - FAINT) / (FULL - FAINT), 0), 1);
  return t * t * (3 - 2 * t);
}

/** Return the square that a cell is cut out in: where the model looked, or round the box. Pure. */
export function cutOut({ prediction, box }) {
  if (prediction) return prediction.box;
  const side = 1.4 * Math.max(box.right - box.left, box.bottom - box.top);
  const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  return { left: x - side / 2, top: y - side / 2, right: x + side / 2, bottom: y + side / 2 };
}

/** Draw a cell cut out of its field's picture on a square canvas, and over it `map` if there is one. */
export function drawCutOut(canvas, cell, picture, map = null, opacity = 1) {
  const context = canvas.getContext("2d");
  const { left, top, right, bottom } = cutOut(cell);
  const ratio = canvas.width / Math.max(right - left, 1);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(ratio, 0, 0, ratio, -left * ratio, -top * ratio);
  context.imageSmoothingQuality = "high";
  if (picture) drawPart(context, picture, { left, top, right, bottom });
  if (!map) return;
  const { box } = cell.heatmap;
  context.globalAlpha = opacity;
  context.drawImage(map, box.left, box.top, box.right - box.left, box.bottom - box.top);
  context.globalAlpha = 1;
}

/** Draw the part of a picture in a box that may reach outside it: of a panorama, no more than that. */
function drawPart(context, { levels, width, height }, box) {
  const [left, top] = [Math.max(box.left, 0), Math.max(box.top, 0)];
  const [wide, high] = [Math.min(box.right, width) - left, Math.min(box.bottom, height) - top];
  if (wide > 0 && high > 0) context.drawImage(levels[0].picture, left, top, wide, high, left, top, wide, high);
}
