/** Pictures of fields, decoded, at halved sizes; the cells cut out of them, and their heatmaps. */

import { colour, coverage, normalise, spread } from "../heatmap.js";
import { decode } from "../intake.js";

const KEPT = 3; // pictures: a panorama takes hundreds of megabytes
const SMALLEST_PX = 700; // of a level's longer side
const LAYER_PX = 128; // side of a cell's map on the screen
const TILE_PX = 144;

/** Return where the browser gets a field's picture from, or null where it has none to show. */
export function sourceOf(item) {
  if (!item) return null;
  return item.original ?? (item.previewable === false ? null : item.url);
}

/** Return `open(item)`, which resolves to {source, levels, width, height} or null. */
export function createPictures() {
  const kept = new Map(); // source → promise, the oldest first
  return function open(item) {
    const source = sourceOf(item);
    if (!source) return Promise.resolve(null);
    const found = kept.get(source) ?? load(source);
    kept.delete(source);
    kept.set(source, found);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    return found;
  };
}

async function load(source) {
  const picture = await decode(source);
  if (!picture) return null;
  const { naturalWidth: width, naturalHeight: height } = picture;
  return { source, width, height, levels: makePyramid(picture, width, height) };
}

/**
 * Return [{picture, scale}] of a picture of `width` × `height`: itself, then halves of it, so that a
 * panorama shrinks smoothly and in no time.
 */
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

/**
 * Return {tileOf(cell), cut(item)}: a white cell's canvas, and the drawing of all of a field's, once, while
 * its picture is at hand.
 */
export function createTiles(openPicture) {
  const tiles = new WeakMap();
  const tileOf = (cell) => {
    if (!tiles.has(cell)) {
      const canvas = Object.assign(document.createElement("canvas"), { width: TILE_PX, height: TILE_PX });
      tiles.set(cell, canvas);
    }
    return tiles.get(cell);
  };
  return {
    tileOf,
    async cut(item) {
      const picture = await openPicture(item);
      if (!picture) return;
      for (const cell of item.answer.smear.cells) {
        if (cell.prediction) drawCutOut(tileOf(cell), cell, picture);
      }
    },
  };
}
