/** Layer switches and zoom under the field. Says what was asked; holds nothing. */

import { role, tell, write } from "../../components/dom.js";
import { fitScale } from "../../viewport.js";
import { selectedSmear } from "../state.js";

/** Mounts on the whole bench: the zoom lies with the stage, the switches below it. */
export function mountLayers(element, scene) {
  const layers = element.querySelector(".layers");
  layers.addEventListener("change", ({ target }) => {
    tell(element, "layer-toggled", { layer: target.name, on: target.checked });
  });
  element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.zoom) tell(element, "zoom-wanted", { direction: button.dataset.zoom });
    if (button?.dataset.action === "keys") tell(element, "keys-wanted");
  });

  return function update(state, before) {
    for (const box of layers.querySelectorAll("input")) {
      if (box.checked !== state.layers[box.name]) box.checked = state.layers[box.name];
    }
    const { image, size } = scene;
    const share = image ? fitScale(image, size) * state.view.zoom : null;
    write(role(element, "zoom-level"), share ? `${Math.round(share * 100)}%` : "–");
    if (state.items === before.items && state.selectedId === before.selectedId && state !== before) return;
    const empty = !selectedSmear(state);
    for (const input of layers.querySelectorAll("input")) input.disabled = empty;
  };
}
