/** The stage: image, heatmap and box on one canvas. Says `view-changed`. */

import { colour, hasEvidence, mapOf, spread } from "../heatmap.js";
import { selectedItem, shownType, ZOOM_FIT } from "../state.js";
import { panBy, panes, place, zoomAt } from "../viewport.js";
import { noEvidence, percent } from "../words.js";
import { role, stillness, tell, write } from "./dom.js";

const LAYER_PX = 768; // long side of the heatmap layer on the screen; the saved one is full size
const REVEAL_MS = 450;
const KEY_STEP_PX = 60;

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

  mountGestures(element, stage);

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
  return item?.answer && !hasEvidence(item.answer.heatmaps, type) ? noEvidence(type) : "";
}

function label(item, state) {
  if (!item) return "No image yet";
  if (!item.answer) return `${item.name}, no heatmap yet`;
  const type = shownType(state);
  const probability = percent(item.answer.prediction.probabilities[type]);
  const blank = blankWords(item, state);
  return `${item.name} with the heatmap for ${type}, probability ${probability}${blank && `. ${blank}`}`;
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
    context.globalAlpha = state.opacity * shown;
    context.drawImage(map, at.left, at.top, width, height);
    context.globalAlpha = 1;
  }
  if (answer && state.showBox) paintBox(context, at, within(answer.prediction.box, image), shown);
}

/** Return the part of a box that lies in the image: it may reach outside. */
function within(box, image) {
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

function mountGestures(element, stage) {
  const pointers = new Map();
  const ready = () => stage.picture !== null && stage.state !== null;
  const change = (view) => {
    if (view !== stage.state.view) tell(element, "view-changed", { view });
  };
  const pane = () => panes(stage.state.mode, stage.size.width, stage.size.height)[0];
  /** Return a point of the canvas as one of the pane under it: both panes move as one. */
  const local = (clientX, clientY) => {
    const bounds = element.getBoundingClientRect();
    const { width, height } = pane();
    const [x, y] = [clientX - bounds.left, clientY - bounds.top];
    return { x: x > width + 8 ? x - width - 8 : x, y: y > height + 8 ? y - height - 8 : y };
  };
  const zoom = (factor, point) =>
    change(zoomAt(stage.state.view, factor, point, imageSize(stage), pane()));
  const pan = (dx, dy) => change(panBy(stage.state.view, dx, dy, imageSize(stage), pane()));

  element.addEventListener("wheel", (event) => {
    // At the fitted size, wheeling outwards scrolls the page as it does everywhere else.
    if (!ready() || (event.deltaY > 0 && stage.state.view.zoom === 1)) return;
    event.preventDefault();
    zoom(2 ** (-event.deltaY / 300), local(event.clientX, event.clientY));
  }, { passive: false });

  element.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, event);
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (!last || !ready()) return;
    const other = [...pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
    pointers.set(event.pointerId, event);
    if (!other) {
      pan(event.clientX - last.clientX, event.clientY - last.clientY);
      return;
    }
    const spanOf = (pointer) =>
      Math.hypot(pointer.clientX - other.clientX, pointer.clientY - other.clientY);
    const middle = local((event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2);
    zoom(spanOf(event) / Math.max(spanOf(last), 1), middle);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    element.addEventListener(name, (event) => pointers.delete(event.pointerId));
  }

  const keys = {
    "+": () => zoom(1.4, middleOf(pane())), "=": () => zoom(1.4, middleOf(pane())),
    "-": () => zoom(1 / 1.4, middleOf(pane())),
    0: () => change(ZOOM_FIT),
    ArrowLeft: () => pan(KEY_STEP_PX, 0), ArrowRight: () => pan(-KEY_STEP_PX, 0),
    ArrowUp: () => pan(0, KEY_STEP_PX), ArrowDown: () => pan(0, -KEY_STEP_PX),
  };
  const act = (key) => ready() && keys[key]?.();
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    act(event.key);
  });
  element.addEventListener("zoom-asked", (event) =>
    act({ in: "+", out: "-", fit: "0" }[event.detail.direction]));
}

function middleOf({ width, height }) {
  return { x: width / 2, y: height / 2 };
}

