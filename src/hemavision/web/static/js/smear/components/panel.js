/** Beside the field: what was found in it, or in its place the open cell. */

import { make, role, tell, write } from "../../components/dom.js";
import { selectedItem } from "../../state.js";
import { _, isSynthetic, number, percentage, shareWords, title, whole } from "../../words.js";
import { KINDS, readingOrder, walkedCells } from "../cells.js";
import { countsOf, differentialRows, summed } from "../counts.js";
import { typeColour } from "../palette.js";
import { drawCutOut, heatLayer } from "../pictures.js";
import { selectedSmear, shownCell } from "../state.js";
import { cellTitle, countedWords, leftOutWords, markWords, ratioWords, readWords, warningWords } from "../words.js";

/** Counts, estimates, differential, what was left out and why. */
export function mountCounts(element) {
  element.addEventListener("change", ({ target }) => {
    if (target.name === "scope") tell(element, "scope-chosen", { scope: target.value });
  });
  element.addEventListener("click", ({ target }) => {
    if (target.closest("button")?.dataset.action === "retry") tell(element, "retry");
  });
  let shown = [];

  return function update(state) {
    element.hidden = state.cardOpen;
    const item = selectedItem(state);
    const all = state.scope === "all";
    const read = state.items.filter(({ answer }) => answer);
    const now = [item, all, read.length];
    if (!item || now.every((value, index) => value === shown[index])) return;
    shown = now;
    showHead(element, item, read.length, all);
    const failed = item.status === "failed" && !all;
    role(element, "trouble").hidden = !failed;
    role(element, "found").hidden = failed;
    if (failed) {
      write(role(element, "trouble-title"), item.error.title);
      write(role(element, "trouble-words"), item.error.detail);
      return;
    }
    const found = all ? summed(read.map(({ answer }) => answer.smear)) : item.answer && countsOf(item.answer.smear);
    showFound(element, found);
    write(role(element, "read-words"), item.answer && !all ? readWords(item.answer.smear, item.roundTripMs) : "\u00a0");
  };
}

function showHead(element, item, read, all) {
  write(role(element, "file-name"), all ? _("{n} fields taken together", { n: read }) : item.name);
  role(element, "synthetic").hidden = all || !isSynthetic(item.name);
  role(element, "scope").hidden = read < 2 && !all;
  write(role(element, "scope-all"), _("All {n} fields", { n: read }));
  for (const input of element.querySelectorAll("input[name=scope]")) input.checked = input.value === (all ? "all" : "field");
}

function showFound(element, found) {
  for (const kind of KINDS) {
    write(role(element, `count-${kind}`), found ? whole(found.counts[kind]) : "–");
  }
  for (const name of ["white_per_1000_red", "platelets_per_red"]) {
    const words = found ? ratioWords(found.estimates[name]) : { value: "–", interval: "\u00a0" };
    write(role(element, name), words.value);
    write(role(element, `${name}-interval`), words.interval);
  }
  role(element, "warnings").replaceChildren(...(found?.warnings ?? []).map((warning) =>
    make("li", { textContent: warningWords(warning, found.fields) })));
  const rows = found ? differentialRows(found.differential).filter(({ count }) => count > 0) : [];
  role(element, "differential").replaceChildren(...rows.map(row));
  write(role(element, "counted"), found ? countedWords(found.differential.counted) : "\u00a0");
  write(role(element, "left-out"), found ? leftOutWords(found.differential.left_out) : "");
}

function row({ name, count, share }) {
  const bar = make("i");
  bar.style.setProperty("transform", `scaleX(${share})`);
  bar.style.setProperty("background", typeColour(name));
  const track = make("span", { className: "bar" }, bar);
  track.setAttribute("aria-hidden", "true");
  return make(
    "li", {},
    make("span", { className: "bar-name", textContent: title(name) }),
    make("span", { className: "bar-value", textContent: `${count} · ${shareWords(share)}` }),
    track,
  );
}

/** The open cell: cut out, with and without its heatmap; its answer is the Cell page's component. */
export function mountCard(element, openPicture) {
  const maps = new WeakMap();
  const slider = element.querySelector("#opacity");
  let shown = [];

  slider.addEventListener("input", () => tell(element, "opacity-changed", { opacity: slider.valueAsNumber / 100 }));
  element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.action === "card-close") tell(element, "card-closed");
    if (button?.dataset.step) tell(element, "cell-stepped", { by: Number(button.dataset.step), along: "reading" });
  });
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") tell(element, "card-closed");
  });

  return function update(state) {
    element.hidden = !state.cardOpen;
    const cell = state.cardOpen ? shownCell(state) : null;
    const now = [cell, state.opacity, state.layers];
    if (!cell || now.every((value, index) => value === shown[index])) return;
    shown = now;
    showWords(element, cell, state);
    const share = Math.round(state.opacity * 100);
    slider.value = share;
    slider.style.setProperty("--share", `${share}%`);
    write(element.querySelector("output[for=opacity]"), percentage(share));
    openPicture(selectedItem(state)).then((picture) => {
      if (shown !== now) return;
      drawCutOut(role(element, "plain-cut"), cell, picture);
      drawCutOut(role(element, "heat-cut"), cell, picture, heatLayer(cell, maps), state.opacity);
    });
  };
}

function showWords(element, cell, state) {
  const named = cell.prediction !== null;
  element.setAttribute("aria-label", cellTitle(cell));
  element.querySelector(".answer").hidden = !named;
  element.querySelector(".opacity").hidden = !named;
  role(element, "heat-figure").hidden = !named;
  role(element, "plain").hidden = named;
  write(role(element, "plain-title"), cellTitle(cell));
  write(role(element, "plain-words"), _("The detector's score is {score}. Red cells and platelets are counted, not named.", { score: number(cell.score, 2) }));
  write(role(element, "marks"), marksSentence(cell));
  const walked = readingOrder(walkedCells(selectedSmear(state).cells, state.layers));
  const place = walked.indexOf(cell) + 1;
  write(role(element, "place"), place ? _("{place} of {total}", { place, total: walked.length }) : "");
}

function marksSentence(cell) {
  const marks = markWords(cell);
  const here = marks.length ? `${_("This cell is {marks}.", { marks: marks.join(_(" and ")) })} ` : "";
  const out = cell.prediction && (cell.cut || cell.prediction.status === "unfamiliar");
  return `${here}${out ? _("It is left out of the differential.") : ""}`.trim();
}
