/** The panel: differential, frame rate and latency, camera, switches, where a snapshot goes; and the keys. */

import { make, role, tell, write } from "../../components/dom.js";
import { typeColour } from "../../smear/palette.js";
import { _, shareWords, title } from "../../words.js";
import { CASE, NEW_CASE } from "../filing.js";
import { cameraName, checkWords, millisecondsWords, othersWords, rateWords } from "../words.js";

const KEYS = { " ": "freeze", s: "snapshot", h: "heatmaps-wanted", o: "others-wanted", r: "reset", "?": "help" };

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
    const words = make("span", { className: "bar-name" }, swatch, name === "unfamiliar" ? _("Unfamiliar") : title(name));
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
  write(role(element, "reset-words"), state.undo ? _("Undo reset") : _("Reset"));
  element.querySelector("[data-do=reset]").disabled = !state.undo && state.mosaic.landmarks.length === 0;
  for (const name of ["heatmaps", "others"]) element.querySelector(`input[name=${name}]`).checked = state[name];
}

function updateCameras(select, { cameras, cameraId }) {
  const options = cameras.map(({ id, label }, position) =>
    make("option", { value: id, textContent: cameraName(label, position), selected: id === cameraId }));
  select.replaceChildren(...(options.length ? options : [make("option", { textContent: _("No camera yet") })]));
}

/** Where a snapshot goes: files, or a case; and what became of the last one. */
export function mountDestination(element) {
  const select = element.querySelector("select");
  const outcome = role(element, "outcome");
  let [listed, told] = [null, null];

  element.addEventListener("change", ({ target }) => {
    if (target === select) tell(element, "case-chosen", { caseId: select.value });
    else tell(element, "destination-chosen", { destination: target.value });
  });

  return function update(filing) {
    for (const radio of element.querySelectorAll("input")) radio.checked = radio.value === filing.destination;
    role(element, "which").hidden = filing.destination !== CASE;
    if (listed !== filing.cases) select.replaceChildren(...optionsOf(filing.cases));
    listed = filing.cases;
    select.value = filing.caseId;
    if (told === (filing.busy || filing.outcome)) return; // said anew only when there is news
    told = filing.busy || filing.outcome;
    outcome.dataset.well = String(filing.outcome?.well ?? true);
    outcome.replaceChildren(...outcomeParts(filing));
  };
}

function optionsOf(cases) {
  const own = cases.map(({ id, name, slide }) =>
    make("option", { value: String(id), textContent: slide ? `${name} · ${slide}` : name }));
  return [...own, make("option", { value: NEW_CASE, textContent: _("New case…") })];
}

function outcomeParts({ busy, outcome }) {
  if (busy) return [_("Looking for its cells…")];
  if (!outcome) return [];
  const { words, link } = outcome;
  return link ? [words, " ", make("a", { href: link.href, textContent: link.words })] : [words];
}

/** Return a function that asks for a new case's name in a dialog: the name, or null. */
export function mountCaseName(dialog) {
  const entry = dialog.querySelector("input");
  dialog.querySelector("[type=button]").addEventListener("click", () => dialog.close());
  return () => new Promise((resolve) => {
    entry.value = ""; // a form's own reset would say `reset`, which empties the count
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "make" ? entry.value.trim() : null);
    }, { once: true });
    dialog.showModal();
  });
}

/** The keyboard: one letter an action, and the list of them on `?`. */
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
