/**
 * The stage: a field with its boxes on one canvas. Says `view-changed`, `cell-hovered`,
 * `cell-opened`, and what its keys ask for.
 */

import { mountGestures } from "../../components/gestures.js";
import { role, stillness, tell, write } from "../../components/dom.js";
import { selectedItem } from "../../state.js";
import { place } from "../../viewport.js";
import { cellAt, visibleCells } from "../cells.js";
import { between, limits } from "../framing.js";
import { paint } from "../painting.js";
import { sourceOf } from "../pictures.js";
import { litCell, selectedSmear } from "../state.js";
import { fieldLabel } from "../words.js";
import { mountKeys } from "./field-keys.js";
import { mountPeek } from "./peek.js";

const REVEAL_MS = 450;
const GLIDE_MS = 420;
const CLICK_PX = 6; // a press that moves further is a drag
const SLACK_PX = 4; // so near to a box counts as on it

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
  if (item.status === "failed") return "There is no picture to show.";
  return item.answer ? "" : "Your browser cannot preview this format.";
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
