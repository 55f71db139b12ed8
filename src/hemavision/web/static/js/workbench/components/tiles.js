/**
 * A tile of the gallery: its picture at the case's scale, the line of its suggestion's state, a tick once a
 * person has decided, a line of words; and dragging it.
 */

import { make, tell, write } from "../../components/dom.js";
import { onLight, ownColours, typeColour } from "../../smear/palette.js";
import { binOf, TO_READ, UNFAMILIAR } from "../cells.js";
import { idsWithin } from "../rows.js";
import { captionWords, cellWords } from "../words.js";

const TONES = { [UNFAMILIAR]: "var(--eosin)", [TO_READ]: "var(--edge)" };
const START_PX = 6; // what moves less is a click

const BOTH = CSS.supports("color", "light-dark(#000, #fff)");
let own = {};

/** Give the classes of the case's list their colours. */
export function colourClasses(types) {
  own = ownColours(types.map(({ name }) => name));
}

/** Return the colour of a bin, for CSS: one for a dark ground, one for a lit one. */
export function binColour(name) {
  if (name in TONES) return TONES[name];
  const colour = own[name] ?? typeColour(name);
  return BOTH ? `light-dark(${onLight(colour)}, ${colour})` : colour;
}

/** Return the element of a cell. */
export function makeTile(cell) {
  const picture = make("img", { alt: "", decoding: "async", draggable: false });
  const element = make(
    "div", { className: "cell", tabIndex: -1 },
    make("span", { className: "cell-picture" }, make("span", { className: "at-scale" }, picture)),
    make("span", { className: "cell-caption" }),
  );
  element.setAttribute("role", "option");
  element.dataset.cell = cell.id;
  return element;
}

/** Write into a tile what is known of its cell. */
export function fillTile(element, cell, types) {
  const bin = binOf(cell);
  element.dataset.decided = String(cell.decided_type !== null);
  element.dataset.status = cell.suggestion?.status ?? "unread";
  element.dataset.changed = String(
    cell.decided_type !== null && Boolean(cell.suggestion) && cell.decided_type !== cell.suggestion.cell_type);
  element.style.setProperty("--tone", binColour(bin));
  const words = cellWords(cell, types);
  element.setAttribute("aria-label", words);
  element.title = words;
  write(element.lastElementChild, captionWords(cell));
}

/** Show the heatmap in place of the picture, or the picture again; `place` is where it lies in its frame. */
export function turnTile(element, address, place) {
  const picture = element.querySelector("img");
  if (picture.getAttribute("src") !== address) picture.src = address;
  lay(picture, place);
}

/** Lay a picture into its frame, {left, top, width, height} in percent of the frame's side. */
export function lay(picture, place) {
  for (const [name, share] of Object.entries(place)) picture.style.setProperty(name, `${share.toFixed(2)}%`);
}

/** Return a type's button for a bar of them. */
export function makeChoice({ name, display_name: label, key }) {
  const swatch = make("i", { className: "swatch" });
  swatch.style.setProperty("background", binColour(name));
  const button = make("button", { type: "button", className: "chip" }, swatch, make("span", { textContent: label }), ...(key ? [make("kbd", { textContent: key })] : []));
  button.dataset.type = name;
  return button;
}

/**
 * Dragging with mouse or pen: tiles onto a bin, or a rectangle over tiles. Says `cells-dropped`,
 * `cells-framed`. `view` of the gallery holds its state, layout and sizes.
 */
export function mountDragging(element, body, { view }) {
  let drag = null;

  element.addEventListener("pointerdown", (event) => {
    element.dataset.dragged = "false";
    // A finger scrolls; its taps select.
    if (event.pointerType === "touch" || event.button !== 0 || event.target.closest("button")) return;
    const id = Number(event.target.closest("[data-cell]")?.dataset.cell) || null;
    drag = { id, x: event.clientX, y: event.clientY, add: event.ctrlKey || event.metaKey || event.shiftKey, kind: null };
  });
  window.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > START_PX;
    if (!drag.kind && far) begin();
    if (drag.kind === "carry") carry(event);
    if (drag.kind === "frame") frame(event);
  });
  window.addEventListener("pointerup", (event) => {
    if (drag?.kind === "carry") drop(event);
    end();
  });
  window.addEventListener("pointercancel", end);
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && drag?.kind) end();
  });

  function begin() {
    element.dataset.dragged = "true"; // the click that follows is none
    if (drag.id === null) {
      Object.assign(drag, { kind: "frame", from: inBody(drag.x, drag.y), box: make("div", { className: "marquee" }) });
      body.append(drag.box);
      return;
    }
    const { selection } = view.state;
    drag.ids = selection.has(drag.id) ? [...selection] : [drag.id];
    drag.kind = "carry";
    drag.ghost = make("div", { className: "drag-ghost" });
    const picture = view.tiles.get(drag.id).querySelector("img").cloneNode();
    drag.ghost.append(picture, ...(drag.ids.length > 1 ? [make("b", { textContent: String(drag.ids.length) })] : []));
    document.body.append(drag.ghost);
    document.body.dataset.carrying = "true";
  }

  function carry({ clientX, clientY }) {
    drag.ghost.style.setProperty("transform", `translate(${clientX + 10}px, ${clientY + 8}px)`);
    light(dropOf(clientX, clientY));
  }

  function frame({ clientX, clientY }) {
    const to = inBody(clientX, clientY);
    const [left, right] = [drag.from.x, to.x].sort((a, b) => a - b);
    const [top, bottom] = [drag.from.y, to.y].sort((a, b) => a - b);
    for (const [name, value] of Object.entries({ left, top, width: right - left, height: bottom - top })) {
      drag.box.style.setProperty(name, `${value}px`);
    }
    tell(element, "cells-framed", { ids: idsWithin(view.layout, { left, top, right, bottom }, view.sizes), add: drag.add });
  }

  function drop({ clientX, clientY }) {
    const target = dropOf(clientX, clientY);
    if (target) tell(element, "cells-dropped", { ids: drag.ids, name: target.dataset.drop, here: element.contains(target) });
  }

  function end() {
    drag?.ghost?.remove();
    drag?.box?.remove();
    light(null);
    delete document.body.dataset.carrying;
    drag = null;
  }

  function inBody(clientX, clientY) {
    const bounds = body.getBoundingClientRect();
    return { x: clientX - bounds.left, y: clientY - bounds.top };
  }
}

function dropOf(x, y) {
  return document.elementFromPoint(x, y)?.closest("[data-drop]") ?? null;
}

function light(target) {
  for (const lit of document.querySelectorAll("[data-lit]")) if (lit !== target) delete lit.dataset.lit;
  if (target) target.dataset.lit = "true";
}
