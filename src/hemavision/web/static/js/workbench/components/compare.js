/** Two cells side by side. Says `compared-classified`. */

import { make, role, tell } from "../../components/dom.js";
import { percent, statusWords } from "../../words.js";
import { binOf, isDecided } from "../cells.js";
import { binWords } from "../words.js";
import { binColour } from "./tile.js";

const MOST_BARS = 3;

/** Return {open(ids), update}; `keys` in the dialog go to the page as everywhere. */
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
  const side = make("div", { className: "side-cell" }, picture, heading, number, ...status, ...seen, bars(suggestion, types), choices(cell, types));
  side.dataset.decided = String(isDecided(cell));
  side.style.setProperty("--tone", binColour(bin));
  return side;
}

function bars(suggestion, types) {
  const likeliest = Object.entries(suggestion?.probabilities ?? {}).sort((a, b) => b[1] - a[1]).slice(0, MOST_BARS);
  return make("ul", { className: "bars" }, ...likeliest.map(([name, probability]) => {
    const fill = make("i");
    fill.style.setProperty("transform", `scaleX(${probability})`);
    fill.style.setProperty("background", binColour(name));
    return make(
      "li", {}, make("span", { textContent: binWords(name, types) }), make("span", { textContent: percent(probability) }),
      make("span", { className: "bar" }, fill));
  }));
}

function choices(cell, types) {
  return make("div", { className: "side-types" }, ...types.map(({ name, display_name: label }) => {
    const button = make("button", { type: "button", className: "chip", textContent: label });
    Object.assign(button.dataset, { id: cell.id, type: name });
    button.setAttribute("aria-pressed", String(cell.decided_type === name));
    return button;
  }));
}
