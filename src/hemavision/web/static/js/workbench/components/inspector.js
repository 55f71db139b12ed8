/**
 * One cell, large: its picture, its heatmap, what the model said and why, who decided what; and two
 * cells side by side. Says `inspector-closed`, `cell-shown-in-field`, `cell-stepped`, `cell-unwanted`,
 * `image-unwanted`.
 */

import { mountReasons } from "../../components/answer.js";
import { make, role, tell, write } from "../../components/dom.js";
import { initialState as cellPage } from "../../state.js";
import { advice, percent, statusWords } from "../../words.js";
import { binOf, isDecided } from "../cells.js";
import { isReadOnly } from "../state.js";
import { binWords, decisionWords } from "../words.js";
import { binColour } from "./tiles.js";

const MOST_BARS = 5;
const MOST_BARS_A_SIDE = 3; // of two cells side by side

export function mountInspector(element, addresses) {
  const updateReasons = mountReasons(role(element, "reasons"), { hasMaps: false });
  let shown = [];
  element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.act) tell(button, button.dataset.act, { by: Number(button.dataset.by) });
  });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    tell(element, "inspector-closed");
  });

  return function update(state) {
    const cell = state.cells.get(state.inspectedId) ?? null;
    element.hidden = cell === null;
    const now = [cell, state.detail, state.types, state.images, state.case?.state, state.reading];
    if (now.every((value, index) => value === shown[index])) return;
    const isOther = cell?.id !== shown[0]?.id;
    shown = now;
    if (!cell) return;
    if (isOther) showPictures(element, cell, addresses);
    fill(element, cell, state);
    role(element, "bars").replaceChildren(...bars(cell.suggestion, state.types, MOST_BARS));
    const detail = state.detail?.id === cell.id ? state.detail : null;
    updateReasons(asCellPage(detail?.suggestion ?? null));
  };
}

function showPictures(element, cell, addresses) {
  role(element, "picture").src = addresses.cutout(cell.id);
  const map = role(element, "map");
  const figure = map.closest("figure");
  figure.hidden = !cell.suggestion;
  write(role(element, "map-words"), "Where the model looked");
  map.onerror = () => { write(role(element, "map-words"), "No heatmap: another model named this cell."); };
  if (cell.suggestion) map.src = addresses.heatmap(cell.id);
}

function fill(element, cell, state) {
  const { types, images } = state;
  const isLocked = isReadOnly(state) || state.reading !== null;
  const { suggestion } = cell;
  const bin = binOf(cell);
  element.style.setProperty("--tone", binColour(bin));
  write(role(element, "number"), `Cell ${cell.id}`);
  write(role(element, "bin"), binWords(bin, types));
  write(role(element, "decision"), decisionWords(cell));
  write(role(element, "status"), suggestion ? statusWords(suggestion.status).word : "");
  role(element, "status").dataset.status = suggestion?.status ?? "";
  write(role(element, "advice"), suggestion ? advice(suggestion) : "");
  write(role(element, "image-name"), images.get(cell.image_id)?.name ?? "");
  role(element, "removals").hidden = isLocked;
  role(element, "remove-cell").hidden = !cell.added_by;
}

/** Return the likeliest types, `most` of them, a row with a bar each. */
function bars(suggestion, types, most) {
  const likeliest = Object.entries(suggestion?.probabilities ?? {}).sort((a, b) => b[1] - a[1]).slice(0, most);
  return likeliest.map(([name, probability]) => {
    const fillOf = make("i");
    fillOf.style.setProperty("transform", `scaleX(${probability})`);
    fillOf.style.setProperty("background", binColour(name));
    return make(
      "li", {}, make("span", { textContent: binWords(name, types) }), make("span", { textContent: percent(probability) }),
      make("span", { className: "bar" }, fillOf));
  });
}

/** The prediction as the Cell page's state would hold it, so that its component shows the reasons. */
function asCellPage(prediction) {
  if (!prediction) return cellPage;
  const item = { id: 1, name: "", status: "done", answer: { prediction, heatmaps: null } };
  return { ...cellPage, items: [item], selectedId: 1 };
}

/**
 * Two cells side by side. Says `compared-classified`. Return {open(ids), update}; `keys` in the dialog
 * go to the page as everywhere.
 */
export function mountCompare(dialog, addresses) {
  let pair = [];
  let shown = null;
  const sides = role(dialog, "sides");
  const heat = dialog.querySelector("[name=compare-heat]");
  const draw = (state) => {
    const cells = pair.map((id) => state.cells.get(id)).filter(Boolean);
    if (cells.length < 2) return dialog.close();
    return sides.replaceChildren(...cells.map((cell) => makeSide(cell, state, addresses, heat.checked)));
  };
  dialog.addEventListener("change", ({ target }) => { if (target === heat) draw(shown); });
  dialog.addEventListener("click", ({ target }) => {
    const button = target.closest("button[data-type]");
    if (button) tell(button, "compared-classified", { id: Number(button.dataset.id), type: button.dataset.type });
  });
  return {
    open(ids) {
      pair = ids;
      heat.checked = false;
      draw(shown);
      heat.closest("label").hidden = shown.reading !== null;
      dialog.showModal();
    },
    update(state, before) {
      shown = state;
      if (dialog.open && state.cells !== before.cells) draw(state);
    },
  };
}

function makeSide(cell, { types }, addresses, warm) {
  const { suggestion } = cell;
  const address = warm && suggestion ? addresses.heatmap(cell.id) : addresses.cutout(cell.id);
  const picture = make("img", { src: address, alt: `Cell ${cell.id}` });
  const bin = binOf(cell);
  const heading = make("h3", { textContent: binWords(bin, types) });
  const number = make("p", { className: "quiet", textContent: `Cell ${cell.id} · ${isDecided(cell) ? "committed" : "only suggested"}` });
  const status = suggestion ? [make("p", { className: "quiet", textContent: statusWords(suggestion.status).word })] : [];
  const seen = suggestion?.seen ? [make("p", { textContent: `Seen: ${suggestion.seen}.` })] : [];
  const list = make("ul", { className: "bars" }, ...bars(suggestion, types, MOST_BARS_A_SIDE));
  const side = make("div", { className: "side-cell" }, picture, heading, number, ...status, ...seen, list, choices(cell, types));
  side.dataset.decided = String(isDecided(cell));
  side.style.setProperty("--tone", binColour(bin));
  return side;
}

function choices(cell, types) {
  return make("div", { className: "side-types" }, ...types.map(({ name, display_name: label }) => {
    const button = make("button", { type: "button", className: "chip", textContent: label });
    Object.assign(button.dataset, { id: cell.id, type: name });
    button.setAttribute("aria-pressed", String(cell.decided_type === name));
    return button;
  }));
}
