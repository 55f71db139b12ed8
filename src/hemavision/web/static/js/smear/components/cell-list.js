/**
 * The field's cells as a list: the same as the canvas shows, for the keyboard and for screen
 * readers. Some at a time, since a field may have thousands. Says `cell-chosen`, `cell-opened`.
 */

import { make, role, tell, write } from "../../components/dom.js";
import { doubtOrder, readingOrder, visibleCells } from "../cells.js";
import { typeColour } from "../palette.js";
import { selectedSmear } from "../state.js";
import { cellLine } from "../words.js";

const KEYS = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

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
      write(role(element, "list-title"), `Cells in this field (${ordered.length.toLocaleString("en-GB")})`);
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
