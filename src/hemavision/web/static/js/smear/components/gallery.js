/** The white cells of all fields, cut out, by type or by doubt. Says `cell-jumped`. */

import { make, role, tell, write } from "../../components/dom.js";
import { percent, statusWords, title } from "../../words.js";
import { firstOf, galleryCells, galleryGroups } from "../gallery.js";
import { typeColour } from "../palette.js";
import { markWords } from "../words.js";

/** `tileOf(cell)` is the canvas of a cell, cut out once its field was read; it may come later. */
export function mountGallery(element, tileOf) {
  const tiles = new WeakMap(); // cell → its button
  let shown = [];

  element.addEventListener("change", ({ target }) => {
    if (target.name === "gallery-order") tell(element, "gallery-order-chosen", { order: target.value });
  });
  element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.action === "gallery-more") tell(element, "gallery-grown");
    if (button?.dataset.cell) {
      tell(element, "cell-jumped", { fieldId: Number(button.dataset.field), cellId: Number(button.dataset.cell) });
    }
  });

  const tile = (entry) => {
    if (!tiles.has(entry.cell)) tiles.set(entry.cell, makeTile(entry, tileOf(entry.cell)));
    return tiles.get(entry.cell);
  };

  return function update(state) {
    const now = [state.items, state.galleryOrder, state.galleryShown];
    if (!now.every((value, index) => value === shown[index])) {
      shown = now;
      const entries = galleryCells(state.items);
      element.hidden = entries.length === 0;
      write(role(element, "gallery-count"), entries.length.toLocaleString("en-GB"));
      const { groups, leftOut } = firstOf(galleryGroups(entries, state.galleryOrder), state.galleryShown);
      role(element, "groups").replaceChildren(...groups.map((group) => makeGroup(group, tile)));
      role(element, "gallery-more").hidden = leftOut === 0;
    }
    markCurrent(element, state);
  };
}

function markCurrent(element, { selectedId, cellId }) {
  const wanted = `[data-field="${selectedId}"][data-cell="${cellId}"]`;
  const now = cellId === null ? null : element.querySelector(wanted);
  const before = element.querySelector("[aria-current]");
  if (now === before) return;
  before?.removeAttribute("aria-current");
  now?.setAttribute("aria-current", "true");
}

function makeGroup({ name, total, entries }, tile) {
  const list = make("ul", { className: "tiles" }, ...entries.map((entry) => make("li", {}, tile(entry))));
  if (name === null) return list;
  const swatch = make("i", { className: "swatch" });
  swatch.style.setProperty("background", typeColour(name));
  const count = make("span", { className: "quiet", textContent: String(total) });
  return make("div", { className: "gallery-group" }, make("h3", {}, swatch, title(name), " ", count), list);
}

function makeTile({ fieldId, fieldName, cell }, canvas) {
  const { cell_type: cellType, confidence, status } = cell.prediction;
  const marks = markWords(cell);
  const button = make(
    "button", { type: "button", className: "tile", title: fieldName }, canvas,
    make("span", { className: "tile-words", textContent: percent(confidence) }),
  );
  Object.assign(button.dataset, { field: fieldId, cell: cell.id, status });
  button.style.setProperty("--tone", typeColour(cellType));
  const words = [title(cellType), percent(confidence), statusWords(status).word, ...marks, `in ${fieldName}`];
  button.setAttribute("aria-label", words.join(", "));
  return button;
}
