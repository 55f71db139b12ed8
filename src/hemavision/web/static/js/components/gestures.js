/** Wheel, drag, pinch and keys on the stage, as new views. Says `view-changed`. */

import { ZOOM_FIT } from "../state.js";
import { panBy, zoomAt } from "../viewport.js";
import { tell } from "./dom.js";

const KEY_STEP_PX = 60;
const KEY_ZOOM = 1.4;

/**
 * Return {ready, isFitted, zoom, pan, fit} that change the view of a `frame`: {ready(), view(),
 * image(), pane(), limits()} and, where there are several panes, local({clientX, clientY}).
 */
function moves(element, frame) {
  const change = (view) => {
    if (view !== frame.view()) tell(element, "view-changed", { view });
  };
  const local = frame.local ?? (({ clientX, clientY }) => {
    const bounds = element.getBoundingClientRect();
    return { x: clientX - bounds.left, y: clientY - bounds.top };
  });
  const middle = () => ({ x: frame.pane().width / 2, y: frame.pane().height / 2 });
  return {
    ready: frame.ready,
    isFitted: () => frame.view().zoom <= 1,
    zoom: (factor, at) => change(zoomAt(
      frame.view(), factor, at ? local(at) : middle(), frame.image(), frame.pane(), frame.limits())),
    pan: (dx, dy) => change(panBy(frame.view(), dx, dy, frame.image(), frame.pane())),
    fit: () => change(ZOOM_FIT),
  };
}

export function mountGestures(element, frame) {
  const move = moves(element, frame);
  mountWheel(element, move);
  mountPointers(element, move);
  mountKeys(element, move);
}

function mountWheel(element, move) {
  element.addEventListener("wheel", (event) => {
    // At the fitted size, wheeling outwards scrolls the page as it does everywhere else.
    if (!move.ready() || (event.deltaY > 0 && move.isFitted())) return;
    event.preventDefault();
    move.zoom(2 ** (-event.deltaY / 300), event);
  }, { passive: false });
}

function mountPointers(element, move) {
  const pointers = new Map(); // id → its last event
  element.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, event);
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (!last || !move.ready()) return;
    const other = [...pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
    pointers.set(event.pointerId, event);
    if (other) pinch(move, last, event, other);
    else move.pan(event.clientX - last.clientX, event.clientY - last.clientY);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    element.addEventListener(name, (event) => pointers.delete(event.pointerId));
  }
}

function pinch(move, last, now, other) {
  const span = ({ clientX, clientY }) =>
    Math.hypot(clientX - other.clientX, clientY - other.clientY);
  const middle = {
    clientX: (now.clientX + other.clientX) / 2,
    clientY: (now.clientY + other.clientY) / 2,
  };
  move.zoom(span(now) / Math.max(span(last), 1), middle);
}

function mountKeys(element, move) {
  const keys = {
    "+": () => move.zoom(KEY_ZOOM), "=": () => move.zoom(KEY_ZOOM),
    "-": () => move.zoom(1 / KEY_ZOOM), 0: () => move.fit(),
    ArrowLeft: () => move.pan(KEY_STEP_PX, 0), ArrowRight: () => move.pan(-KEY_STEP_PX, 0),
    ArrowUp: () => move.pan(0, KEY_STEP_PX), ArrowDown: () => move.pan(0, -KEY_STEP_PX),
  };
  const act = (key) => move.ready() && keys[key]();
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    act(event.key);
  });
  element.addEventListener("zoom-asked", ({ detail }) =>
    act({ in: "+", out: "-", fit: "0" }[detail.direction]));
}
