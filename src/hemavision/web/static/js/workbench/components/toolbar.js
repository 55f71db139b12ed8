/**
 * Filter, size of the pictures, and what is done to what is selected, by buttons or by keys. Says
 * `filter-chosen`, `tile-sized`, `heat-turned`, `queue-wanted`, `confident-committed`, `selection-…`.
 */

import { make, role, tell, write } from "../../components/dom.js";
import { filterCounts, FILTERS } from "../cells.js";
import { meaning } from "../hotkeys.js";
import { isReadOnly } from "../state.js";
import { cellsWords, filterWords } from "../words.js";
import { _, whole } from "../../words.js";
import { makeChoice } from "./tiles.js";

/** Keys that a control needs itself, so that they never reach the gallery from there. */
const OWN = new Set(["Enter", " ", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);

export function mountToolbar(element) {
  const holder = role(element, "filters");
  for (const filter of FILTERS) {
    const input = make("input", { type: "radio", name: "filter", value: filter, checked: filter === "all" });
    holder.append(make("label", { className: "segment" }, input, make("span", { textContent: filterWords(filter) }), make("small")));
  }
  element.addEventListener("change", ({ target }) => {
    if (target.name === "filter") tell(element, "filter-chosen", { filter: target.value });
    if (target.name === "tile") tell(element, "tile-sized", { tile: target.value });
    if (target.name === "heat") tell(element, "heat-turned", { on: target.checked });
  });
  let shown = null;

  return function update(state) {
    element.querySelector("[name=heat]").checked = state.heat;
    for (const input of holder.querySelectorAll("input")) input.checked = input.value === state.filter;
    role(element, "heat").hidden = state.reading !== null;
    if (state.cells === shown) return;
    shown = state.cells;
    const counts = filterCounts(state.cells.values());
    for (const label of holder.children) {
      const { value } = label.querySelector("input");
      write(label.querySelector("small"), whole(counts[value]));
      label.hidden = state.reading !== null && (value === "check" || value === "unfamiliar");
    }
  };
}

/** Under the gallery: what its signs mean, and the two ways through a whole case. */
export function mountFoot(element) {
  element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button) tell(button, button.dataset.act);
  });
  return function update(state) {
    role(element, "doubtful").hidden = isReadOnly(state);
    role(element, "commit-seen").hidden = state.reading !== null || isReadOnly(state);
  };
}

/** The bar that a selection brings up: what can be done to it, for fingers as for the mouse. */
export function mountSelection(element) {
  const types = role(element, "types");
  let typesShown = null;
  element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.type) tell(button, "selection-classified", { type: button.dataset.type });
    if (button?.dataset.act) tell(button, button.dataset.act);
  });

  return function update(state) {
    if (state.types !== typesShown) {
      typesShown = state.types;
      types.replaceChildren(...state.types.map(makeChoice));
    }
    const size = state.selection.size;
    element.hidden = size === 0 || isReadOnly(state);
    element.dataset.several = String(size > 1);
    write(role(element, "selected"), _("{cells} selected", { cells: cellsWords(size) }));
    role(element, "compare").hidden = size !== 2;
    role(element, "inspect").hidden = size !== 1;
    role(element, "commit").hidden = state.reading !== null;
  };
}

/** The page's keys: what they ask for goes to `acts`, by name. */
export function mountKeyboard(store, acts) {
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (document.querySelector("dialog[open]") || writes(target)) return;
    if (OWN.has(event.key) && target.closest?.("button, a, summary, input, [role=application]")) return;
    const types = new Map(store.state.types.filter(({ key }) => key).map(({ key, name }) => [key, name]));
    const wish = meaning(event, types);
    if (!wish || !(wish.name in acts)) return;
    event.preventDefault();
    // A key that is held down must not name one cell after the other.
    if (event.repeat && !["move", "undo", "redo"].includes(wish.name)) return;
    acts[wish.name](wish);
  });
}

function writes(target) {
  if (target.closest?.("textarea, select")) return true;
  const input = target.closest?.("input");
  return Boolean(input) && !["radio", "checkbox"].includes(input.type);
}
