/**
 * The stage: a field with its boxes on one canvas. Says `view-changed`, `cell-hovered`,
 * `cell-opened`, and what its keys ask for.
 */

import { make, role, stillness, tell, write } from "../../components/dom.js";
import { mountGestures } from "../../components/gestures.js";
import { selectedItem } from "../../state.js";
import { between, limits, place } from "../../viewport.js";
import { _, number, percent, statusWords, title } from "../../words.js";
import { cellAt, visibleCells } from "../cells.js";
import { placeBeside } from "../labels.js";
import { paint } from "../painting.js";
import { sourceOf } from "../pictures.js";
import { litCell, selectedSmear } from "../state.js";
import { cellTitle, fieldLabel, markWords } from "../words.js";

const REVEAL_MS = 450;
const GLIDE_MS = 420;
const CLICK_PX = 6; // a press that moves further is a drag
const SLACK_PX = 4; // so near to a box counts as on it
const MOST_TYPES = 3; // that the words beside a cell name
const CLEAR_PX = 9; // of those words from the cell, and the bright frame around it
/** Key → [event, its detail]. `N` is Shift with n. */
const KEYS = {
  n: ["cell-stepped", { by: 1, along: "reading" }],
  p: ["cell-stepped", { by: -1, along: "reading" }],
  d: ["cell-stepped", { by: 1, along: "doubt" }],
  D: ["cell-stepped", { by: -1, along: "doubt" }],
  a: ["cell-stepped", { by: 1, along: "all" }],
  A: ["cell-stepped", { by: -1, along: "all" }],
  Enter: ["card-wanted", {}],
  Escape: ["cell-left", {}],
  1: ["zoom-wanted", { direction: "whole" }],
  z: ["zoom-wanted", { direction: "cell" }],
  w: ["layer-flipped", { layer: "white_cell" }],
  r: ["layer-flipped", { layer: "red_cell" }],
  t: ["layer-flipped", { layer: "platelet" }],
  l: ["layer-flipped", { layer: "labels" }],
  h: ["layer-flipped", { layer: "heatmaps" }],
  m: ["layer-flipped", { layer: "marks" }],
  "[": ["item-moved", { by: -1 }],
  "]": ["item-moved", { by: 1 }],
  "?": ["keys-wanted", {}],
};

/** Return {update, scene}; the scene's `image` and `size` say what lies in the pane. */
export function mountField(element, openPicture) {
  const scene = {
    canvas: element.querySelector("canvas"), size: { width: 1, height: 1 }, state: null,
    picture: null, image: null, cells: [], lit: null, shown: 1,
    labels: {}, layers: new WeakMap(), widths: new Map(),
  };
  const movePeek = mountPeek(role(element, "peek"));
  const clock = { drawn: false, revealedAt: 0 };

  const draw = () => {
    clock.drawn = false;
    const elapsed = performance.now() - clock.revealedAt;
    scene.shown = stillness.matches ? 1 : Math.min(elapsed / REVEAL_MS, 1) ** 0.6;
    paint(scene);
    movePeek(scene);
    element.dataset.settled = String(scene.shown >= 1 && scene.image !== null);
    element.dataset.pictured = String(scene.picture !== null);
    if (scene.shown < 1) schedule();
  };
  const schedule = () => {
    if (clock.drawn) return;
    clock.drawn = true;
    requestAnimationFrame(draw);
  };
  watchSize(element, scene, schedule);
  mountGestures(element, frameOf(scene));
  mountPointing(element, scene);
  mountKeys(element);
  const glide = mountGlide(element, scene);

  function update(state, before) {
    const [item, previous] = [selectedItem(state), selectedItem(before)];
    if (item?.id !== previous?.id || item?.answer !== previous?.answer) clock.revealedAt = performance.now();
    if (item?.id !== previous?.id) glide.stop();
    const smear = selectedSmear(state);
    Object.assign(scene, { state, lit: litCell(state), cells: smear?.cells ?? [] });
    load(item, scene, openPicture, schedule);
    scene.image = smear ?? scene.picture;
    write(role(element, "message"), message(item, scene));
    element.dataset.boxes = String(Boolean(smear));
    element.dataset.pointing = String(state.hoveredId !== null);
    element.dataset.zoomed = String(state.view.zoom > 1);
    element.setAttribute("aria-label", fieldLabel(item));
    schedule();
  }
  return { update, scene };
}

function watchSize(element, scene, schedule) {
  new ResizeObserver(([entry]) => {
    const { width, height } = entry.contentRect;
    const ratio = window.devicePixelRatio || 1;
    [scene.canvas.width, scene.canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    scene.size = { width, height };
    schedule();
  }).observe(element);
}

/** Keep `scene.picture` the selected field's picture, or null until there is one. */
function load(item, scene, openPicture, schedule) {
  const source = sourceOf(item);
  if (source === scene.source) return;
  Object.assign(scene, { source, picture: null, failed: false });
  if (!source) return;
  openPicture(item).then((picture) => {
    if (scene.source !== source) return;
    Object.assign(scene, { picture, image: scene.image ?? picture, failed: picture === null });
    schedule();
  });
}

function message(item, scene) {
  if (!item || scene.source || item.status === "reading") return "";
  if (item.status === "failed") return _("There is no picture to show.");
  return item.answer ? "" : _("Your browser cannot preview this format.");
}

/** What gestures move. */
function frameOf(scene) {
  return {
    ready: () => scene.image !== null,
    view: () => scene.state.view,
    image: () => scene.image,
    pane: () => scene.size,
    limits: () => limits(scene.image, scene.size),
  };
}

function mountPointing(element, scene) {
  let pressed = null;
  const under = ({ clientX, clientY }) => {
    if (!scene.image || !scene.cells.length) return null;
    const bounds = element.getBoundingClientRect();
    const at = place(scene.state.view, scene.image, scene.size);
    const point = { x: (clientX - bounds.left - at.left) / at.scale, y: (clientY - bounds.top - at.top) / at.scale };
    return cellAt(visibleCells(scene.cells, scene.state.layers), point, SLACK_PX / at.scale);
  };
  const hover = (id) => {
    if (scene.state && id !== scene.state.hoveredId) tell(element, "cell-hovered", { id });
  };
  element.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "touch" && event.buttons === 0) hover(under(event)?.id ?? null);
  });
  element.addEventListener("pointerleave", () => hover(null));
  element.addEventListener("pointerdown", (event) => { pressed = event; });
  element.addEventListener("click", (event) => {
    const moved = pressed && Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY);
    if (moved > CLICK_PX) return;
    const cell = under(event);
    if (cell) tell(element, "cell-opened", { id: cell.id });
    else tell(element, "cell-left");
  });
}

/** Move the view smoothly to where `glide` asks; whatever else moves it wins. */
function mountGlide(element, scene) {
  let flight = 0;
  const stop = () => { flight += 1; };
  element.addEventListener("glide", ({ detail: { view } }) => {
    const [from, started, mine] = [scene.state.view, performance.now(), (flight += 1)];
    const step = () => {
      if (mine !== flight) return;
      const t = stillness.matches ? 1 : Math.min((performance.now() - started) / GLIDE_MS, 1);
      const eased = t * t * (3 - 2 * t);
      tell(element, "view-changed", { view: between(from, view, eased) });
      if (t < 1) requestAnimationFrame(step);
    };
    step();
  });
  for (const name of ["wheel", "pointerdown"]) element.addEventListener(name, stop, { passive: true });
  return { stop };
}

/** The keys work while the stage has the focus. */
function mountKeys(element) {
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // Caps lock must not turn a step round: what counts is the shift key.
    const letter = /^[a-z]$/i.test(event.key);
    const key = letter ? (event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase()) : event.key;
    if (!(key in KEYS)) return;
    event.preventDefault();
    tell(element, ...KEYS[key]);
  });
}

/**
 * What the pointer or the keys are on, in a few lines beside the cell, never over it. Return
 * `move(scene)`, which shows the scene's lit cell, or hides the words without one.
 */
function mountPeek(element) {
  let [shown, size] = [null, null];
  return function move({ lit, litLabel, cells, state, image, size: pane }) {
    const cell = lit && !(state.cardOpen && lit.id === state.cellId) ? lit : null;
    element.hidden = cell === null;
    if (!cell) {
      shown = null;
      return;
    }
    if (cell !== shown) {
      shown = cell;
      element.replaceChildren(...lines(cell));
      size = { width: element.offsetWidth, height: element.offsetHeight };
    }
    const at = place(state.view, image, pane);
    const named = cells.filter((other) => other.prediction && other !== cell);
    const others = named.map(({ id, kind, box }) => ({ id, kind, box: onScreen(box, at, 0) }));
    if (litLabel) others.push({ id: "label", kind: "label", box: litLabel });
    const { left, top } = placeBeside(onScreen(cell.box, at, CLEAR_PX), size, pane, others);
    element.style.setProperty("transform", `translate(${Math.round(left)}px, ${Math.round(top)}px)`);
  };
}

function onScreen({ left, top, right, bottom }, at, clear) {
  return {
    left: at.left + left * at.scale - clear, top: at.top + top * at.scale - clear,
    right: at.left + right * at.scale + clear, bottom: at.top + bottom * at.scale + clear,
  };
}

function lines(cell) {
  const { prediction } = cell;
  const marks = markWords(cell);
  const more = marks.length ? [make("p", { className: "peek-marks", textContent: marks.join(", ") })] : [];
  if (!prediction) {
    return [
      make("p", { className: "peek-title", textContent: cellTitle(cell) }),
      make("p", { className: "peek-quiet", textContent: _("Detector's score {score}", { score: number(cell.score, 2) }) }),
      ...more,
    ];
  }
  const status = make("p", { className: "peek-status", textContent: prediction.decided ? _("Decided by a person") : statusWords(prediction.status).word });
  status.dataset.status = prediction.decided ? "decided" : prediction.status;
  const likeliest = Object.entries(prediction.probabilities).sort((a, b) => b[1] - a[1]).slice(0, MOST_TYPES);
  return [
    make("p", { className: "peek-title", textContent: cellTitle(cell) }), status,
    make("ul", { className: "peek-bars" }, ...likeliest.map(row)),
    ...more,
  ];
}

function row([name, probability]) {
  const bar = make("i");
  bar.style.setProperty("transform", `scaleX(${probability})`);
  return make(
    "li", {}, make("span", { textContent: title(name) }), make("span", { textContent: percent(probability) }),
    make("span", { className: "peek-bar" }, bar),
  );
}
