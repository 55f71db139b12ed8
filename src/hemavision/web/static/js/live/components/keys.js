/** The keyboard: one letter an action, and the list of them on `?`. */

import { tell } from "../../components/dom.js";

const KEYS = { " ": "freeze", s: "snapshot", h: "heatmaps-wanted", o: "others-wanted", r: "reset", "?": "help" };

export function mountKeys(dialog) {
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || dialog.open) return;
    const action = KEYS[key.toLowerCase()];
    // Space presses what has the focus, letters choose in a list: there they keep their meaning.
    if (!action || target.matches("select") || (key === " " && target.matches("button, a, input"))) return;
    event.preventDefault();
    tell(document.body, action);
  });
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
  document.addEventListener("help", () => dialog.showModal());
}
