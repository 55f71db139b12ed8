/**
 * Cells to choose from: the white ones of all fields in a gallery, all of one field in a list. Says
 * `cell-jumped`; `cell-chosen`, `cell-opened`.
 */

import { make, role, tell, write } from "../../components/dom.js";
import { _, percent, statusWords, title, whole } from "../../words.js";
import { doubtOrder, firstOf, galleryCells, galleryGroups, readingOrder, visibleCells } from "../cells.js";
import { typeColour } from "../palette.js";
import { selectedSmear } from "../state.js";
import { cellLine, markWords } from "../words.js";

const KEYS = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/**
 * The white cells of all fields, cut out, by type or by doubt. `tileOf(cell)` is the canvas of a cell,
 * cut out once its field was read; it may come later.
 */
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
      write(role(element, "gallery-count"), whole(entries.length));
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
  const words = [title(cellType), percent(confidence), statusWords(status).word, ...marks, _("in {name}", { name: fieldName })];
  button.setAttribute("aria-label", words.join(", "));
  return button;
}

/**
 * The field's cells as a list: the same as the canvas shows, for the keyboard and for screen
 * readers. Some at a time, since a field may have thousands.
 */
export function mountCellList(element) {
  const list = role(element, "list");
  let [shown, options, cells] = [[], new Map(), []];

  element.addEventListener("toggle", () => tell(element, "list-toggled", { open: element.open }));
  element.addEventListener("change", ({ target }) => {
    if (target.name === "list-order") tell(element, "list-order-chosen", { order: target.value });
  });
  element.addEventListener("click", ({ target }) => {
    const option = target.closest("[role=option]");
    if (option) tell(element, "cell-opened", { id: Number(option.dataset.id) });
    if (target.closest("button")?.dataset.action === "list-more") tell(element, "list-grown");
  });
  list.addEventListener("keydown", (event) => {
    const here = cells.findIndex(({ id }) => options.get(id)?.getAttribute("aria-selected") === "true");
    const by = KEYS[event.key];
    if (event.key === "Enter" && here >= 0) tell(element, "cell-opened", { id: cells[here].id });
    if (by === undefined || !cells.length) return;
    event.preventDefault();
    const there = Math.min(Math.max((here < 0 ? (by > 0 ? -1 : 0) : here) + by, 0), cells.length - 1);
    tell(element, "cell-chosen", { id: cells[there].id });
  });

  return function update(state) {
    const all = selectedSmear(state)?.cells ?? [];
    const now = [all, state.layers, state.listOrder, state.listShown, state.listOpen];
    if (!now.every((value, index) => value === shown[index])) {
      shown = now;
      const order = state.listOrder === "doubt" ? doubtOrder : (found) => found;
      const ordered = order(readingOrder(visibleCells(all, state.layers)));
      write(role(element, "list-title"), _("Cells in this field ({n})", { n: whole(ordered.length) }));
      cells = state.listOpen ? ordered.slice(0, state.listShown) : [];
      options = new Map(cells.map((cell) => [cell.id, option(cell)]));
      list.replaceChildren(...options.values());
      role(element, "list-more").hidden = !state.listOpen || ordered.length <= state.listShown;
    }
    mark(list, options, state.cellId);
  };
}

function option(cell) {
  const item = make("li", { id: `cell-${cell.id}` }, make("i"), make("span", { textContent: cellLine(cell) }));
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  item.dataset.id = cell.id;
  item.dataset.kind = cell.kind;
  if (cell.prediction) {
    item.dataset.status = cell.prediction.status;
    item.querySelector("i").style.setProperty("border-color", typeColour(cell.prediction.cell_type));
  }
  return item;
}

function mark(list, options, id) {
  const before = list.querySelector("[aria-selected=true]");
  const now = options.get(id) ?? null;
  if (before === now) return;
  before?.setAttribute("aria-selected", "false");
  now?.setAttribute("aria-selected", "true");
  if (now) list.setAttribute("aria-activedescendant", now.id);
  else list.removeAttribute("aria-activedescendant");
  // Only the list scrolls, never the page under a person's hands.
  if (now) list.scrollTop = Math.min(Math.max(list.scrollTop, now.offsetTop + now.offsetHeight - list.clientHeight), now.offsetTop);
}
