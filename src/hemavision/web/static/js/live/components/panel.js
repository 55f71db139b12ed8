/** The panel: running differential, frame rate and latency, camera and switches. */

import { make, role, tell, write } from "../../components/dom.js";
import { typeColour } from "../../smear/palette.js";
import { shareWords, title } from "../../words.js";
import { cameraName, checkWords, millisecondsWords, othersWords, rateWords } from "../words.js";

export function mountPanel(element) {
  const list = role(element, "bars");
  const select = element.querySelector("#camera");
  let rows = { types: null, items: [] };

  element.addEventListener("click", ({ target }) => {
    const action = target.closest("button")?.dataset.do;
    if (action) tell(element, action);
  });
  element.addEventListener("change", ({ target }) => {
    if (target === select) tell(element, "camera-chosen", { id: select.value });
    else if (target.name === "heatmaps" || target.name === "others") tell(element, `${target.name}-wanted`);
  });

  return function update(state, before, { found, reading }) {
    if (rows.types !== state.types) rows = { types: state.types, items: makeRows(list, state.types) };
    updateRows(rows.items, found);
    updateButtons(element, state);
    write(role(element, "white"), String(found.white));
    write(role(element, "check"), checkWords(found));
    write(role(element, "others"), othersWords(found));
    write(role(element, "rate"), rateWords(reading.framesASecond));
    write(role(element, "latency"), millisecondsWords(reading.latencyMs));
    write(role(element, "server"), millisecondsWords(reading.serverMs));
    if (state.cameras !== before.cameras || state.cameraId !== before.cameraId) updateCameras(select, state);
    select.disabled = state.phase !== "running" || state.cameras.length === 0;
  };
}

function makeRows(list, types) {
  const items = [...types, "unfamiliar"].map((name) => {
    const swatch = make("span", { className: "swatch", ariaHidden: "true" });
    if (name !== "unfamiliar") swatch.style.setProperty("--colour", typeColour(name));
    const words = make("span", { className: "bar-name" }, swatch, name === "unfamiliar" ? "Unfamiliar" : title(name));
    const value = make("span", { className: "bar-value" });
    const fill = make("i");
    if (name !== "unfamiliar") fill.style.setProperty("--colour", typeColour(name));
    const row = make("li", {}, words, value, make("span", { className: "bar", ariaHidden: "true" }, fill));
    row.dataset.type = name;
    return { row, value, fill };
  });
  list.replaceChildren(...items.map(({ row }) => row));
  return items;
}

function updateRows(items, { types, white, unfamiliar }) {
  items.forEach(({ row, value, fill }, i) => {
    const { count, share } = types[i] ?? { count: unfamiliar, share: white ? unfamiliar / white : 0 };
    row.classList.toggle("none", count === 0);
    write(value, count === 0 ? "0" : `${count} · ${shareWords(share)}`);
    const scale = `scaleX(${share})`;
    if (fill.style.transform !== scale) fill.style.transform = scale;
  });
}

function updateButtons(element, state) {
  const running = state.phase === "running" && state.picture !== null;
  for (const name of ["freeze", "snapshot"]) element.querySelector(`[data-do=${name}]`).disabled = !running;
  const freeze = element.querySelector("[data-do=freeze]");
  freeze.setAttribute("aria-pressed", String(state.frozen));
  write(role(element, "reset-words"), state.undo ? "Undo reset" : "Reset");
  element.querySelector("[data-do=reset]").disabled = !state.undo && state.mosaic.landmarks.length === 0;
  for (const name of ["heatmaps", "others"]) element.querySelector(`input[name=${name}]`).checked = state[name];
}

function updateCameras(select, { cameras, cameraId }) {
  const options = cameras.map(({ id, label }, position) =>
    make("option", { value: id, textContent: cameraName(label, position), selected: id === cameraId }));
  select.replaceChildren(...(options.length ? options : [make("option", { textContent: "No camera yet" })]));
}
