/** The stage: image, heatmap and box on one canvas; and its controls. */

import { colour, hasEvidence, mapOf, spread } from "../heatmap.js";
import { selectedItem, shownType } from "../state.js";
import { LIMITS, panes, place } from "../viewport.js";
import { _, mapProbability, mapStrength, mapWords, noEvidence, percent, percentage, zoomWords } from "../words.js";
import { role, stillness, tell, write } from "./dom.js";
import { mountGestures } from "./gestures.js";

const REVEAL_MS = 450;
const GAP_PX = 8; // between two panes, as in viewport.js
const LAYER_PX = 768; // long side of the heatmap layer on the screen; the saved one is full size

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
  return item.status === "failed" ? _("There is no picture to show.") : _("Your browser cannot preview this format. Reading…");
}

function blankWords(item, state) {
  const type = shownType(state);
  if (!item?.answer || hasEvidence(item.answer.heatmaps, type)) return "";
  return noEvidence(mapWords(type, item.answer.prediction));
}

function label(item, state) {
  if (!item) return _("No image yet");
  if (!item.answer) return _("{name}, no heatmap yet", item);
  const type = shownType(state);
  const { prediction } = item.answer;
  const values = { name: item.name, what: mapWords(type, prediction), share: percent(mapProbability(type, prediction)) };
  const blank = blankWords(item, state);
  return `${_("{name} with the heatmap for {what}, probability {share}", values)}${blank && `. ${blank}`}`;
}

/** Return the coloured map of one type as a canvas that covers the whole image; made once. */
function layer(layers, answer, type) {
  if (!layers.has(answer)) layers.set(answer, new Map());
  const made = layers.get(answer);
  if (!made.has(type)) {
    const map = mapOf(answer.heatmaps, type);
    made.set(type, map && paintLayer(map, answer.prediction));
  }
  return made.get(type);
}

function paintLayer(map, { width, height, box }) {
  const shrink = Math.min(1, LAYER_PX / Math.max(width, height));
  const outWidth = Math.max(1, Math.round(width * shrink));
  const outHeight = Math.max(1, Math.round(height * shrink));
  const pixels = colour(spread(map, box, { width, height, outWidth, outHeight }));
  const canvas = new OffscreenCanvas(outWidth, outHeight);
  canvas.getContext("2d").putImageData(new ImageData(pixels, outWidth, outHeight), 0, 0);
  return canvas;
}

/** Return the image's size: the server's where known, since the box is in its pixels. */
function imageSize(stage) {
  const answer = selectedItem(stage.state)?.answer;
  if (answer) return { width: answer.prediction.width, height: answer.prediction.height };
  const { naturalWidth, naturalHeight } = stage.picture;
  return { width: naturalWidth || 1, height: naturalHeight || 1 };
}

/** Draw image, heatmap layer and box, in one pane or two. */
function paint(stage, layerOf) {
  const { canvas, picture, size, state } = stage;
  const context = canvas.getContext("2d");
  const ratio = canvas.width / Math.max(size.width, 1);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!picture || !state) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.imageSmoothingQuality = "high";
  const answer = selectedItem(state)?.answer ?? null;
  const all = panes(state.mode, size.width, size.height);
  all.forEach((pane, index) => {
    context.save();
    context.beginPath();
    context.rect(pane.left, pane.top, pane.width, pane.height);
    context.clip();
    context.translate(pane.left, pane.top);
    const withMap = answer && index === all.length - 1;
    const map = withMap ? layerOf(answer, shownType(state)) : null;
    paintPane(context, { stage, pane, answer, map });
    context.restore();
  });
}

function paintPane(context, { stage, pane, answer, map }) {
  const { picture, state, shown } = stage;
  const image = imageSize(stage);
  const at = place(state.view, image, pane);
  const [width, height] = [image.width * at.scale, image.height * at.scale];
  context.drawImage(picture, at.left, at.top, width, height);
  if (map) {
    context.globalAlpha = state.opacity * shown * mapStrength(shownType(state), answer.prediction);
    context.drawImage(map, at.left, at.top, width, height);
    context.globalAlpha = 1;
  }
  if (answer && state.showBox) paintBox(context, at, visiblePart(answer.prediction.box, image), shown);
}

/** Return the part of a box that lies in the image: it may reach outside. */
function visiblePart(box, image) {
  return {
    left: Math.max(box.left, 0), top: Math.max(box.top, 0),
    right: Math.min(box.right, image.width), bottom: Math.min(box.bottom, image.height),
  };
}

/** Draw the corners of the located cell's box, light over dark so that any ground shows them. */
function paintBox(context, at, box, shown) {
  const x = [at.left + box.left * at.scale, at.left + box.right * at.scale];
  const y = [at.top + box.top * at.scale, at.top + box.bottom * at.scale];
  const arm = Math.min(22, (x[1] - x[0]) / 4);
  context.beginPath();
  for (const [cx, sx] of [[x[0], 1], [x[1], -1]]) {
    for (const [cy, sy] of [[y[0], 1], [y[1], -1]]) {
      context.moveTo(cx, cy + sy * arm);
      context.lineTo(cx, cy);
      context.lineTo(cx + sx * arm, cy);
    }
  }
  context.globalAlpha = shown;
  for (const [colourName, width] of [["rgba(11, 7, 19, 0.75)", 5], ["#fff4f8", 2]]) {
    context.strokeStyle = colourName;
    context.lineWidth = width;
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** Class switch, opacity, view mode, box and zoom. Says what was asked; holds nothing. */
export function mountControls(element) {
  const slider = element.querySelector("#opacity");
  const box = element.querySelector("input[name=box]");

  element.addEventListener("input", ({ target }) => {
    if (target === slider) tell(element, "opacity-changed", { opacity: slider.valueAsNumber / 100 });
  });
  element.addEventListener("change", ({ target }) => {
    if (target.name === "cell-type") tell(element, "cell-type-chosen", { cellType: target.value });
    if (target.name === "mode") tell(element, "mode-chosen", { mode: target.value });
    if (target === box) tell(element, "box-toggled", { showBox: box.checked });
  });
  element.addEventListener("click", ({ target }) => {
    const direction = target.closest("button")?.dataset.zoom;
    if (direction) tell(element, "zoom-wanted", { direction });
  });

  return function update(state) {
    const answer = selectedItem(state)?.answer ?? null;
    const type = shownType(state);
    for (const input of element.querySelectorAll("input, button")) input.disabled = !answer;
    for (const input of element.querySelectorAll("input[name=cell-type]")) {
      input.checked = input.value === type;
    }
    for (const input of element.querySelectorAll("input[name=mode]")) {
      input.checked = input.value === state.mode;
    }
    const share = Math.round(state.opacity * 100);
    slider.value = share;
    slider.style.setProperty("--share", `${share}%`);
    write(element.querySelector("output[for=opacity]"), percentage(share));
    box.checked = state.showBox;
    write(role(element, "zoom-level"), zoomWords(state.view.zoom));
  };
}
