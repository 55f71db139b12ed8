/** The keyboard: one letter an action, and the list of them on `?`. */

import { tell } from "../../components/dom.js";

const KEYS = { " ": "freeze", s: "snapshot", h: "heatmaps-wanted", o: "others-wanted", r: "reset", "?": "help" };

export function mountKeys(dialog) {
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || document.querySelector("dialog[open]")) return;
    const action = KEYS[key.toLowerCase()];
    // Space presses what has the focus, letters choose in a list: there they keep their meaning.
    if (!action || target.matches("select") || (key === " " && takesSpace(target))) return;
    event.preventDefault();
    tell(document.body, action);
  });
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
  document.addEventListener("help", () => dialog.showModal());
}

/** For a moment after Esc the button of a dialog that has closed still has the focus: it takes nothing. */
function takesSpace(target) {
  return target.matches("button, a, input") && !target.closest("dialog:not([open])");
}
