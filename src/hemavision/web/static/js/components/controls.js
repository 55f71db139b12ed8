/** Class switch, opacity, view mode, box and zoom. Says what was asked; holds nothing. */

import { selectedItem, shownType } from "../state.js";
import { zoomWords } from "../words.js";
import { role, tell, write } from "./dom.js";

export function mountControls(element) {
  const slider = element.querySelector("#opacity");
  const box = element.querySelector("input[name=box]");

  element.addEventListener("input", ({ target }) => {
    if (target === slider) tell(element, "opacity-changed", { opacity: slider.valueAsNumber / 100 });
  });
  element.addEventListener("change", ({ target }) => {
    if (target.name === "cell-type") tell(element, "cell-type-chosen", { cellType: target.value });
    if (target.name === "mode") tell(element, "mode-chosen", { mode: target.value });
    if (target === box) tell(element, "box-toggled", { showBox: box.checked });
  });
  element.addEventListener("click", ({ target }) => {
    const direction = target.closest("button")?.dataset.zoom;
    if (direction) tell(element, "zoom-wanted", { direction });
  });

  return function update(state) {
    const answer = selectedItem(state)?.answer ?? null;
    const type = shownType(state);
    for (const input of element.querySelectorAll("input, button")) input.disabled = !answer;
    for (const input of element.querySelectorAll("input[name=cell-type]")) {
      input.checked = input.value === type;
    }
    for (const input of element.querySelectorAll("input[name=mode]")) {
      input.checked = input.value === state.mode;
    }
    const share = Math.round(state.opacity * 100);
    slider.value = share;
    slider.style.setProperty("--share", `${share}%`);
    write(element.querySelector("output[for=opacity]"), `${share}%`);
    box.checked = state.showBox;
    write(role(element, "zoom-level"), zoomWords(state.view.zoom));
  };
}
