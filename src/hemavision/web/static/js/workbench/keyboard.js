/** The page's keys: what they ask for goes to `acts`, by name. */

import { meaning } from "./hotkeys.js";

/** Keys that a control needs itself, so that they never reach the gallery from there. */
const OWN = new Set(["Enter", " ", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);

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
