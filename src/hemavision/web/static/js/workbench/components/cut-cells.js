/** White cells that a field's border cuts: each is counted by a press or K, or stays out. Says `cut-counted`. */

import { make, role, tell, write } from "../../components/dom.js";
import { isReadOnly } from "../state.js";
import { cutWords } from "../words.js";

/** `part(imageId, box)` is the address of a picture. Return {open(), update(state), fail(words)}. */
export function mountCutCells(dialog, part) {
  const list = role(dialog, "cells");
  let [page, shown] = [null, null];
  dialog.addEventListener("click", ({ target }) => count(target.closest("[data-cut]")));
  dialog.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    count(list.contains(document.activeElement) ? document.activeElement.closest("[data-cut]") : list.querySelector("[data-cut]"));
  });

  function count(button) {
    if (!button || button.disabled) return;
    button.disabled = true; // one press, one cell
    tell(button, "cut-counted", page.cut[Number(button.dataset.cut)]);
  }

  function fill() {
    const at = [...list.querySelectorAll("[data-cut]")].indexOf(document.activeElement);
    const locked = isReadOnly(page) || page.reading !== null;
    write(role(dialog, "words"), page.cut.length
      ? `${cutWords(page.cut.length)}: what is left of a cell may not be enough to name it. Count one and the model names it; you decide.`
      : "Every one is counted.");
    list.replaceChildren(...page.cut.map((cell, index) => makeItem(cell, index, locked)));
    const buttons = list.querySelectorAll("[data-cut]");
    if (dialog.open) (buttons[Math.min(Math.max(at, 0), buttons.length - 1)] ?? dialog.querySelector("form button")).focus();
  }

  function makeItem({ image_id: imageId, box }, index, locked) {
    const name = page.images.get(imageId)?.name ?? "";
    const picture = make("img", { src: part(imageId, box), alt: `White cell at the border of ${name}` });
    const button = make("button", { type: "button", className: "mini", disabled: locked, title: `${name}: count it (k)` }, picture, make("span", { textContent: "Count it" }));
    button.dataset.cut = index;
    return make("li", {}, button);
  }

  return {
    open() {
      write(role(dialog, "error"), "");
      dialog.showModal();
      fill();
    },
    update(state) {
      page = state;
      if (!dialog.open || state.cut === shown) return;
      shown = state.cut;
      fill();
    },
    fail(words) {
      write(role(dialog, "error"), words);
      fill();
    },
  };
}
