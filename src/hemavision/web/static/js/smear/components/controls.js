/**
 * Switches and buttons around the field: layers and zoom, stop and go on, exports. They say what was
 * asked and hold nothing.
 */

import { role, tell, write } from "../../components/dom.js";
import { fitScale } from "../../viewport.js";
import { percentage } from "../../words.js";
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
    write(role(element, "zoom-level"), share ? percentage(Math.round(share * 100)) : "–");
    if (state.items === before.items && state.selectedId === before.selectedId && state !== before) return;
    const empty = !selectedSmear(state);
    for (const input of layers.querySelectorAll("input")) input.disabled = empty;
  };
}

/** Stop and Go on beside the progress bar. */
export function mountProgress(element) {
  element.addEventListener("click", ({ target }) => {
    const action = target.closest("button")?.dataset.action;
    if (action === "stop" || action === "go-on") tell(element, action);
  });

  return function update(state) {
    const waiting = state.items.some(({ status }) => status === "waiting");
    const [stop, goOn] = [role(element, "stop"), role(element, "go-on")];
    const held = [stop, goOn].includes(document.activeElement);
    stop.hidden = !waiting || state.stopped;
    goOn.hidden = !waiting || !state.stopped;
    // The focus goes on to the button that takes the other's place.
    if (held) (stop.hidden ? goOn : stop).focus();
  };
}

/** The buttons that save what was found in another format. */
export function mountExports(element) {
  element.addEventListener("click", ({ target }) => {
    const format = target.closest("button")?.dataset.export;
    if (format) tell(element, "export-wanted", { format });
  });
  element.addEventListener("export-told", ({ detail }) => write(role(element, "export-words"), detail.words));

  return function update(state) {
    const nothing = !state.items.some(({ answer }) => answer);
    for (const button of element.querySelectorAll("[data-export]")) button.disabled = nothing;
  };
}
