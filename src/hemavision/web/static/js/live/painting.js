/** Draws a read frame: the picture itself, heatmaps, boxes, labels, all of one moment. */

import { colour, coverage, spread } from "../heatmap.js";
import { layoutLabels, rectangleIn } from "../smear/labels.js";
import { CASING, lineOf } from "../smear/palette.js";
import { confidence, counts, WHITE } from "./landmarks.js";
import { inView } from "./mosaic.js";
import { labelWords } from "./words.js";

const FONT = '600 13px "Avenir Next", "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';
const LABEL_HEIGHT = 22;
const HEAT_OPACITY = 0.45;
const FAINT = 0.55; // of a white cell that is not yet counted
const BESIDE = 0.8; // of red cells and platelets
const LAYER_PX = 64; // side of a cell's heatmap
const layers = new WeakMap(); // heatmap → canvas; a cache of what is the same for ever

/** Return where a frame lies in a pane, whole and centred: {scale, left, top}. */
function fit(frame, pane) {
  const scale = Math.min(pane.width / frame.width, pane.height / frame.height);
  return { scale, left: (pane.width - frame.width * scale) / 2, top: (pane.height - frame.height * scale) / 2 };
}

/** Paint the state's picture on a context in CSS pixels; return the labels' slots for the next. */
export function paint(context, state, pane, slots) {
  const { picture, mosaic, types } = state;
  const at = fit(picture, pane);
  context.imageSmoothingQuality = "low"; // enlarging by more than bilinear costs a frame's time
  context.drawImage(picture.bitmap, at.left, at.top, picture.width * at.scale, picture.height * at.scale);
  const cells = inView(mosaic, picture).map((cell) => ({
    ...cell, ...kindOf(cell), place: placed(cell.box, at), label: label(cell, types),
  }));
  context.save();
  context.beginPath();
  context.rect(at.left, at.top, picture.width * at.scale, picture.height * at.scale);
  context.clip();
  const white = cells.filter(({ kind }) => kind === WHITE);
  if (state.heatmaps) for (const cell of white) paintHeat(context, cell, at);
  for (const cell of cells) if (state.others || cell.kind === WHITE) paintBox(context, cell);
  context.restore();
  return paintLabels(context, white, { pane, slots });
}

const kindOf = ({ kind, naming }) => ({
  line: lineOf({ kind, prediction: naming.name ? { cell_type: naming.name, status: naming.status } : null }),
});

function label({ kind, naming }, types) {
  return kind === WHITE ? labelWords(naming.name, confidence(naming, types), naming.status) : null;
}

function placed([left, top, right, bottom], at) {
  return {
    left: at.left + left * at.scale, top: at.top + top * at.scale,
    right: at.left + right * at.scale, bottom: at.top + bottom * at.scale,
  };
}

function paintHeat(context, { box, heatmap }, at) {
  if (!heatmap) return;
  const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  const [left, top, right, bottom] = heatmap.box;
  const place = placed([x + left, y + top, x + right, y + bottom], at);
  context.globalAlpha = HEAT_OPACITY;
  context.drawImage(heatLayer(heatmap), place.left, place.top, place.right - place.left, place.bottom - place.top);
  context.globalAlpha = 1;
}

/** Return the coloured map {values (0 to 255), width, height} as a canvas over its box. */
function heatLayer(heatmap) {
  if (!layers.has(heatmap)) layers.set(heatmap, paintMap(heatmap));
  return layers.get(heatmap);
}

function paintMap({ values, width, height }) {
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

function paintBox(context, cell) {
  const { left, top, right, bottom } = cell.place;
  const { colour, dash, width, corner } = cell.line;
  const radius = corner * Math.min(right - left, bottom - top);
  context.beginPath();
  context.roundRect(left, top, right - left, bottom - top, radius);
  context.lineCap = "round";
  context.globalAlpha = cell.kind !== WHITE ? BESIDE : counts(cell) ? 1 : FAINT;
  context.setLineDash([]);
  if (cell.kind === WHITE) stroke(context, CASING, width + 2.5);
  context.setLineDash(dash);
  stroke(context, colour, width);
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function stroke(context, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}

/** White cells only keep clear of each other, so a label stays put while red cells pass under it. */
function paintLabels(context, white, { pane, slots }) {
  context.font = FONT;
  context.textBaseline = "middle";
  const items = white.map(({ id, kind, place, label: words }) => {
    const width = Math.ceil(context.measureText(words).width / 8) * 8 + 18; // steady while digits change
    return { id, kind, box: place, size: { width, height: LABEL_HEIGHT }, must: true };
  });
  const next = layoutLabels(items, pane, slots);
  items.forEach((item, i) => {
    const { left, top, right, bottom } = rectangleIn(next.get(item.id), item.box, item.size);
    context.fillStyle = "rgb(11 7 19 / 0.86)";
    context.beginPath();
    context.roundRect(left, top, right - left, bottom - top, 6);
    context.fill();
    context.fillStyle = white[i].line.colour;
    context.fillText(white[i].label, left + 9, (top + bottom) / 2 + 0.5);
  });
  return next;
}
