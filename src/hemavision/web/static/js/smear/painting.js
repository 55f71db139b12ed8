/** Draws the stage: the field, its heatmaps, two thousand boxes and their labels, on one canvas. */

import { place } from "../viewport.js";
import { visibleCells } from "./cells.js";
import { isFar, layoutLabels, rectangleIn } from "./labels.js";
import { CASING, lineOf } from "./palette.js";
import { drawField, heatLayer } from "./pictures.js";
import { labelWords } from "./words.js";

const LABEL_PX = 20;
const LABEL_PAD_PX = 8;
const LABEL_FONT = "600 12px 'Avenir Next', 'Segoe UI', Inter, Roboto, 'Liberation Sans', Arial, sans-serif";
/** A box smaller than this on the screen gets no label: red cells are many, and round without one. */
const LABELLED_FROM_PX = { white_cell: 28, platelet: 34, red_cell: 150 };
/** A white cell's label shows from here on however crowded it is; a smaller one's where it fits. */
const NAMED_FROM_PX = 56;
/** Smaller boxes are plain lines without corners or casing: there may be thousands of them. */
const ROUND_FROM_PX = 26;
const CASED_FROM_PX = { white_cell: 16, platelet: 16, red_cell: 48 };
const CUT_FROM_PX = 16;
const TICK_PX = 9;
const SMALL_RED_OPACITY = 0.6; // where thousands of red cells show at once, the white ones stand out
const STEPS_PER_DOUBLING = 3; // labels look for better places this often while the view zooms
/** A box smaller than this on the screen shows no rings: red cells lie over each other often. */
const CLUMP_FROM_PX = { white_cell: 16, platelet: 34, red_cell: 80 };
const [BORDER_PX, BORDER_SIDES] = [2, 1 / 32]; // as hemavision.reading.field has them: so near, the border cuts a cell

/**
 * Paint a `scene`: {canvas, size, picture: {levels, width, height} or null, image, cells, lit,
 * state, shown, labels, layers, widths}; the last three are caches that this module fills: where
 * the labels go ({}), the cells' maps (WeakMap) and how wide words are (Map). Afterwards
 * `scene.litLabel` says where on the canvas the lit cell's label lies, if it has one.
 */
export function paint(scene) {
  const { canvas, size, image, state } = scene;
  const context = canvas.getContext("2d");
  const ratio = canvas.width / Math.max(size.width, 1);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (!image) return;
  const at = place(state.view, image, size);
  scene.litLabel = null;
  paintGround(context, scene, at);
  if (!scene.cells.length) return;
  const cells = inSight(visibleCells(scene.cells, state.layers), at, size);
  paintHeat(context, scene, cells, at);
  context.globalAlpha = scene.shown;
  paintBoxes(context, cells, at);
  if (state.layers.marks) paintMarks(context, scene, cells, at);
  paintTicks(context, cells, at);
  if (state.layers.labels) paintLabels(context, scene, at);
  context.globalAlpha = 1;
  if (scene.lit) paintLit(context, scene.lit, at);
}

function paintGround(context, { picture, image, size }, at) {
  if (picture) {
    drawField(context, picture.levels, image, at, size);
    return;
  }
  context.fillStyle = "#1d142d";
  context.fillRect(at.left, at.top, image.width * at.scale, image.height * at.scale);
}

function inSight(cells, at, size) {
  return cells.filter(({ box }) =>
    at.left + box.right * at.scale > -4 && at.left + box.left * at.scale < size.width + 4
    && at.top + box.bottom * at.scale > -4 && at.top + box.top * at.scale < size.height + 4);
}

function paintHeat(context, { image, lit, state, shown, layers }, cells, at) {
  context.save();
  context.beginPath();
  context.rect(at.left, at.top, image.width * at.scale, image.height * at.scale);
  context.clip(); // a cell at the border was looked at beyond it
  context.globalAlpha = state.opacity * shown;
  for (const cell of cells) {
    const map = state.layers.heatmaps || cell === lit ? heatLayer(cell, layers) : null;
    if (!map) continue;
    const { x, y, width, height } = onScreen(cell.heatmap.box, at);
    context.drawImage(map, x, y, width, height);
  }
  context.restore();
}

/** One style of line after the other, the plainest on top of nothing: white cells come last. */
function paintBoxes(context, cells, at) {
  const batches = new Map();
  for (const cell of cells) {
    const line = lineOf(cell);
    const place = onScreen(cell.box, at);
    // By the longer side: a cell that the border cuts is drawn as its whole neighbours are.
    const side = Math.max(place.width, place.height);
    const cased = side >= CASED_FROM_PX[cell.kind];
    const faint = cell.kind === "red_cell" && side < ROUND_FROM_PX;
    const radius = side >= ROUND_FROM_PX ? line.corner * Math.min(place.width, place.height) : 0;
    const key = `${line.width} ${line.colour} ${line.dash} ${cased} ${faint}`;
    if (!batches.has(key)) batches.set(key, { line, cased, faint, places: [] });
    batches.get(key).places.push({ ...place, radius });
  }
  const shown = context.globalAlpha;
  const thinFirst = [...batches.values()].sort((a, b) => a.line.width - b.line.width);
  for (const { line, cased, faint, places } of thinFirst) {
    context.globalAlpha = faint ? shown * SMALL_RED_OPACITY : shown;
    strokeBatch(context, places, faint ? { ...line, width: 1 } : line, cased);
  }
  context.globalAlpha = shown;
}

function strokeBatch(context, places, { colour, dash, width }, cased) {
  if (cased) {
    context.strokeStyle = "rgb(11 7 19 / 0.5)";
    context.lineWidth = width + 2;
    for (const place of places) strokeBox(context, place);
  }
  const dotted = dash[0] < 1; // round ends make dots of dashes without length
  context.setLineDash(dash);
  context.lineCap = dotted ? "round" : "butt";
  context.strokeStyle = colour;
  context.lineWidth = dotted ? width + 0.8 : width;
  for (const place of places) strokeBox(context, place);
  context.setLineDash([]);
  context.lineCap = "butt";
}

/** Box by box: without a graphics card that takes a tenth of the time of one path of them all. */
function strokeBox(context, { x, y, width, height, radius }) {
  if (radius === 0) {
    context.strokeRect(x, y, width, height);
    return;
  }
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.stroke();
}

/** A bar along each border that cuts a cell, and two linked rings on a clumped one. */
function paintMarks(context, { image }, cells, at) {
  for (const cell of cells) {
    if (!cell.cut && !cell.clumped) continue;
    const place = onScreen(cell.box, at);
    const side = Math.min(place.width, place.height);
    if (cell.cut && side >= CUT_FROM_PX) paintCut(context, cell, image, place);
    if (cell.clumped && side >= (CLUMP_FROM_PX[cell.kind] ?? 0)) paintClump(context, cell, place);
  }
}

/** A tick at the corner of what a person has decided, whatever the line says of the suggestion. */
function paintTicks(context, cells, at) {
  for (const { box, prediction } of cells) {
    const { x, y, width } = onScreen(box, at);
    if (!prediction?.decided || width < CUT_FROM_PX) continue;
    const tick = new Path2D();
    tick.arc(x + width, y, TICK_PX, 0, 7);
    context.fillStyle = "#f7f1fb";
    context.fill(tick);
    context.strokeStyle = context.fillStyle = CASING;
    context.lineWidth = 2;
    context.stroke(new Path2D(`M${x + width - 4} ${y}l3 3l5 -6`));
  }
}

function paintCut(context, { box, kind }, image, { x, y, width, height }) {
  const near = Math.max(BORDER_PX, BORDER_SIDES * Math.max(box.right - box.left, box.bottom - box.top));
  const bars = [
    [box.left < near, x, y, 0, height], [image.width - box.right < near, x + width, y, 0, height],
    [box.top < near, x, y, width, 0], [image.height - box.bottom < near, x, y + height, width, 0],
  ];
  const path = new Path2D();
  for (const [cuts, left, top, wide, high] of bars) {
    if (!cuts) continue;
    path.moveTo(left, top);
    path.lineTo(left + wide, top + high);
  }
  const bold = kind === "white_cell" ? 5 : 2.5;
  strokeTwice(context, path, "#ffb98a", bold);
}

function paintClump(context, { kind }, { x, y, width, height }) {
  const radius = kind === "white_cell" ? 4 : 3;
  const [right, bottom] = [x + width - 1.6 * radius, y + height];
  const path = new Path2D();
  for (const centre of [right - 1.3 * radius, right]) {
    path.moveTo(centre + radius, bottom);
    path.arc(centre, bottom, radius, 0, 7);
  }
  strokeTwice(context, path, "#ffffff", 1.4);
}

function strokeTwice(context, path, colour, width) {
  for (const [style, wide] of [[CASING, width + 2.4], [colour, width]]) {
    context.strokeStyle = style;
    context.lineWidth = wide;
    context.stroke(path);
  }
}

function paintLabels(context, scene, at) {
  context.font = LABEL_FONT;
  context.textBaseline = "middle";
  const slots = labelSlots(context, scene, at);
  for (const cell of scene.cells) {
    const slot = slots.get(cell.id);
    if (slot === undefined) continue;
    const box = cornered(cell.box, at.scale);
    const place = rectangleIn(slot, box, labelSize(context, cell, scene.widths));
    const [left, top] = [place.left + at.left, place.top + at.top];
    if (left > scene.size.width || top > scene.size.height || left + 240 < 0 || top + LABEL_PX < 0) continue;
    const [width, height] = [place.right - place.left, LABEL_PX];
    if (isFar(slot)) paintTie(context, cell, place, at);
    if (cell === scene.lit) scene.litLabel = { left, top, right: left + width, bottom: top + height };
    paintLabel(context, cell, { left, top, width });
  }
}

/** Return the labels' slots at about this scale, worked out anew only when it has changed a lot. */
function labelSlots(context, scene, at) {
  const { cells, image, state, labels } = scene;
  const step = Math.round(STEPS_PER_DOUBLING * Math.log2(at.scale));
  const key = [step, ...Object.values(state.layers)].join();
  if (labels.cells === cells && labels.key === key) return labels.slots;
  const items = visibleCells(cells, state.layers).map((cell) => ({
    id: cell.id, kind: cell.kind, box: cornered(cell.box, at.scale),
    must: cell.kind === "white_cell" && sideOf(cell) * at.scale >= NAMED_FROM_PX,
    size: sideOf(cell) * at.scale >= LABELLED_FROM_PX[cell.kind] ? labelSize(context, cell, scene.widths) : null,
  }));
  const bounds = { width: image.width * at.scale, height: image.height * at.scale };
  const before = labels.cells === cells ? labels.slots : undefined;
  Object.assign(labels, { cells, key, slots: layoutLabels(items, bounds, before) });
  return labels.slots;
}

function sideOf({ box }) {
  return Math.min(box.right - box.left, box.bottom - box.top);
}

function labelSize(context, cell, widths) {
  const words = labelWords(cell);
  if (!widths.has(words)) widths.set(words, Math.ceil(context.measureText(words).width));
  return { width: widths.get(words) + 2 * LABEL_PAD_PX + 6, height: LABEL_PX };
}

function paintLabel(context, cell, { left, top, width }) {
  const { colour } = lineOf(cell);
  context.fillStyle = "rgb(11 7 19 / 0.84)";
  context.beginPath();
  context.roundRect(left, top, width, LABEL_PX, 6);
  context.fill();
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(left + 5, top + 4, 3, LABEL_PX - 8, 1.5);
  context.fill();
  context.fillStyle = "#f7f1fb";
  context.fillText(labelWords(cell), left + LABEL_PAD_PX + 6, top + LABEL_PX / 2 + 0.5);
}

function paintTie(context, cell, place, at) {
  const box = cornered(cell.box, at.scale);
  const clampTo = (value, low, high) => Math.min(Math.max(value, low), high);
  const [x, y] = [(place.left + place.right) / 2, (place.top + place.bottom) / 2];
  context.beginPath();
  context.moveTo(at.left + x, at.top + y);
  context.lineTo(at.left + clampTo(x, box.left, box.right), at.top + clampTo(y, box.top, box.bottom));
  context.strokeStyle = lineOf(cell).colour;
  context.lineWidth = 1.2;
  context.stroke();
}

/** The cell under the pointer or the keys: a bright frame a little off its box. */
function paintLit(context, cell, at) {
  const { x, y, width, height } = onScreen(cell.box, at);
  const { corner } = lineOf(cell);
  const path = new Path2D();
  path.roundRect(x - 4, y - 4, width + 8, height + 8, corner * Math.min(width, height) + 4);
  strokeTwice(context, path, "#ffffff", 2);
}

function onScreen(box, at) {
  return {
    x: at.left + box.left * at.scale, y: at.top + box.top * at.scale,
    width: (box.right - box.left) * at.scale, height: (box.bottom - box.top) * at.scale,
  };
}

/** Return a box in screen pixels from the field's corner: what the labels are laid out in. */
function cornered(box, scale) {
  return { left: box.left * scale, top: box.top * scale, right: box.right * scale, bottom: box.bottom * scale };
}
