/** The stage: image, heatmap and box on one canvas. */

import { hasEvidence } from "../heatmap.js";
import { selectedItem, shownType } from "../state.js";
import { mapProbability, mapWords, noEvidence, percent } from "../words.js";
import { role, stillness, write } from "./dom.js";
import { LIMITS, panes } from "../viewport.js";
import { mountGestures } from "./gestures.js";
import { imageSize, layer, paint } from "./painting.js";

const REVEAL_MS = 450;
const GAP_PX = 8; // between two panes, as in viewport.js

export function mountViewer(element) {
  const canvas = element.querySelector("canvas");
  const stage = { canvas, size: { width: 1, height: 1 }, state: null, picture: null, shown: 1 };
  const layers = new WeakMap(); // answer → Map of type → canvas
  let [drawn, revealStart] = [false, 0];

  const draw = () => {
    drawn = false;
    const elapsed = performance.now() - revealStart;
    stage.shown = stillness.matches ? 1 : Math.min(elapsed / REVEAL_MS, 1) ** 0.6;
    paint(stage, (answer, type) => layer(layers, answer, type));
    const settled = stage.shown >= 1;
    element.dataset.settled = String(settled && stage.picture !== null);
    if (!settled) schedule();
  };
  const schedule = () => {
    if (drawn) return;
    drawn = true;
    requestAnimationFrame(draw);
  };

  new ResizeObserver(([entry]) => {
    const { width, height } = entry.contentRect;
    const ratio = window.devicePixelRatio || 1;
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    stage.size = { width, height };
    element.dataset.split = width >= height ? "columns" : "rows";
    schedule();
  }).observe(element);

  mountGestures(element, frameOf(element, stage));

  return function update(state, before) {
    const [item, previous] = [selectedItem(state), selectedItem(before ?? state)];
    if (item?.id !== previous?.id || item?.answer !== previous?.answer) revealStart = performance.now();
    stage.state = state;
    write(role(element, "message"), message(item));
    role(element, "pane-labels").hidden = state.mode !== "side" || !item?.answer;
    element.dataset.mode = state.mode;
    element.dataset.map = String(Boolean(item?.answer));
    write(role(element, "no-evidence"), blankWords(item, state));
    element.dataset.zoomed = String(state.view.zoom > 1);
    element.setAttribute("aria-label", label(item, state));
    load(item, stage, schedule);
    schedule();
  };
}

/** Return what gestures move: the first pane stands for both, which move as one. */
function frameOf(element, stage) {
  const pane = () => panes(stage.state.mode, stage.size.width, stage.size.height, GAP_PX)[0];
  const within = (value, size) => (value > size + GAP_PX ? value - size - GAP_PX : value);
  return {
    ready: () => stage.picture !== null && stage.state !== null,
    view: () => stage.state.view,
    image: () => imageSize(stage),
    limits: () => LIMITS,
    pane,
    local({ clientX, clientY }) {
      const bounds = element.getBoundingClientRect();
      const { width, height } = pane();
      return { x: within(clientX - bounds.left, width), y: within(clientY - bounds.top, height) };
    },
  };
}

/** Keep `stage.picture` the selected item's decoded picture, or null until there is one. */
function load(item, stage, schedule) {
  const source = item?.original ?? (item?.previewable === false ? null : item?.url) ?? null;
  if (source === stage.source) return;
  [stage.source, stage.picture] = [source, null];
  if (!source) return;
  const picture = new Image();
  picture.src = source;
  picture.decode().then(() => {
    if (stage.source !== source) return;
    stage.picture = picture;
    schedule();
  }, () => undefined);
}

function message(item) {
  if (!item || item.original || item.previewable !== false) return "";
  return item.status === "failed" ? "There is no picture to show." : "Your browser cannot preview this format. Reading…";
}

function blankWords(item, state) {
  const type = shownType(state);
  if (!item?.answer || hasEvidence(item.answer.heatmaps, type)) return "";
  return noEvidence(mapWords(type, item.answer.prediction));
}

function label(item, state) {
  if (!item) return "No image yet";
  if (!item.answer) return `${item.name}, no heatmap yet`;
  const type = shownType(state);
  const { prediction } = item.answer;
  const probability = percent(mapProbability(type, prediction));
  const blank = blankWords(item, state);
  return `${item.name} with the heatmap for ${mapWords(type, prediction)}, probability ${probability}${blank && `. ${blank}`}`;
}
