/** The open cell: cut out, with and without its heatmap; its answer is the Cell page's component. */

import { role, tell, write } from "../../components/dom.js";
import { selectedItem } from "../../state.js";
import { readingOrder, walkedCells } from "../cells.js";
import { drawCutOut, heatLayer } from "../heat.js";
import { selectedSmear, shownCell } from "../state.js";
import { cellTitle, markWords } from "../words.js";

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
    write(element.querySelector("output[for=opacity]"), `${share}%`);
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
  write(role(element, "plain-words"), `The detector's score is ${cell.score.toFixed(2)}. Red cells and platelets are counted, not named.`);
  write(role(element, "marks"), marksSentence(cell));
  const walked = readingOrder(walkedCells(selectedSmear(state).cells, state.layers));
  const place = walked.indexOf(cell) + 1;
  write(role(element, "place"), place ? `${place} of ${walked.length}` : "");
}

function marksSentence(cell) {
  const marks = markWords(cell);
  const here = marks.length ? `This cell is ${marks.join(" and ")}. ` : "";
  const out = cell.prediction && (cell.cut || cell.prediction.status === "unfamiliar");
  return `${here}${out ? "It is left out of the differential." : ""}`.trim();
}
