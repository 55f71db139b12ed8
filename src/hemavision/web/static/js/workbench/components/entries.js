/**
 * What a reader enters beside the count, and what it shows: where the analyser disagrees by more than
 * chance, and the estimate behind the model's calls. Says `entries-typed`, `suggestions-counted`.
 */

import { make, role, tell, write } from "../../components/dom.js";
import { countFrom, numberFrom, wholeFrom } from "../entered.js";
import { isReadOnly } from "../state.js";
import { binWords, estimateWords, pWords, shareWords } from "../words.js";
import { _, locale, percentage, said, typeWords } from "../../words.js";

/** Name of an input → name of the entry, and how what was typed becomes its value. */
const INPUTS = {
  "white-cells": ["white_cells", countFrom],
  "analyser-cells": ["analyser_cells", wholeFrom],
  "analyser-name": ["analyser_name", (text) => text.trim()],
  "pixel-um": ["pixel_um", numberFrom],
  comment: ["comment", (text) => text.trim()],
};
const CHECKS = { "nucleated-apart": "nucleated_apart", estimate: "estimate" };

export function mountEntries(element) {
  const fields = role(element, "analyser-fields");
  let [numbersShown, entriesShown, typesShown] = [null, null, null];
  const say = (values) => tell(element, "entries-typed", values);

  element.addEventListener("change", ({ target }) => {
    if (target.name === "counted") tell(element, "suggestions-counted", { suggestions: target.value === "suggestions" });
    if (target.name === "target") say({ target: Number(target.value) });
    if (target.name === "profile") say({ profile: target.value });
    if (target.name in CHECKS) say({ [CHECKS[target.name]]: target.checked });
  });
  element.addEventListener("input", ({ target }) => {
    if (target.name in INPUTS) {
      const [name, read] = INPUTS[target.name];
      const value = entered(target, read);
      if (isSound(target)) say({ [name]: value });
    }
    if (target.dataset.analyser) {
      const analyser = analyserOf(fields);
      if (isSound(target)) say({ analyser });
    }
  });

  return function update(state) {
    element.hidden = state.reading !== null;
    element.querySelector("[name=counted][value=suggestions]").checked = state.suggestions;
    element.querySelector("[name=counted][value=decided]").checked = !state.suggestions;
    role(element, "entries").disabled = isReadOnly(state);
    write(role(element, "entries-error"), state.entriesError ?? "");
    if (state.types !== typesShown && state.types.length && state.numbers) {
      [typesShown, entriesShown] = [state.types, null];
      makeFields(fields, state);
    }
    if (state.numbers !== numbersShown && state.numbers) {
      numbersShown = state.numbers;
      fillChoices(element, state.numbers);
      fillComparison(element, state);
      fillEstimate(element, state);
    }
    if (state.entries !== entriesShown && typesShown) {
      entriesShown = state.entries;
      fillEntries(element, { ...state.entries, ...state.typed });
    }
  };
}

function entered(input, read) {
  const value = read(input.value);
  input.setAttribute("aria-invalid", String(input.value.trim() !== "" && value === null));
  return value;
}

/** What is half typed is not kept: the field shows that it is not understood. */
const isSound = (input) => input.getAttribute("aria-invalid") !== "true";

function analyserOf(fields) {
  const inputs = [...fields.querySelectorAll("input")];
  const values = inputs.map((input) => [input.dataset.analyser, entered(input, numberFrom)]);
  return Object.fromEntries(values.filter(([, value]) => value !== null));
}

function makeFields(fields, { types, numbers }) {
  const apart = numbers.differential.left_out;
  const white = types.filter((type) => type.by_model && !(type.name in apart));
  fields.replaceChildren(...white.map(({ name, display_name: label }) => {
    const input = make("input", { type: "text", inputMode: "decimal", autocomplete: "off" });
    input.dataset.analyser = name;
    return make("label", { className: "entry" }, make("span", { textContent: label }), input, make("span", { textContent: "%" }));
  }));
}

/** Show what the case has; what somebody is typing into stays as it is. */
function fillEntries(element, entries) {
  const put = (input, value) => {
    if (input !== document.activeElement) input.value = value ?? "";
  };
  for (const [input, [name]] of Object.entries(INPUTS)) put(element.querySelector(`[name=${input}]`), entries[name]);
  for (const [input, name] of Object.entries(CHECKS)) element.querySelector(`[name=${input}]`).checked = entries[name];
  for (const input of element.querySelectorAll("[data-analyser]")) put(input, entries.analyser[input.dataset.analyser]);
  for (const input of element.querySelectorAll("[name=target]")) input.checked = Number(input.value) === entries.target;
}

/** The targets and the reference ranges that this server offers. */
function fillChoices(element, { targets, profile, profiles }) {
  const holder = role(element, "targets");
  if (!holder.children.length) {
    holder.replaceChildren(...targets.map((target) => {
      const input = make("input", { type: "radio", name: "target", value: String(target) });
      return make("label", { className: "segment" }, input, make("span", { textContent: String(target) }));
    }));
  }
  const list = element.querySelector("[name=profile]");
  if (list.children.length !== profiles.length) {
    list.replaceChildren(...profiles.map(({ name, title }) => make("option", { value: name, textContent: _(title) })));
  }
  list.value = profile;
}

function fillComparison(element, { numbers: { comparison }, types }) {
  role(element, "comparison").replaceChildren(...(comparison?.shares ?? []).map((share) => {
    const here = shareWords(share);
    const words = _("{here} here ({interval}), {there} there, {p}", {
      here: here.value, interval: here.interval, there: percentage(share.analyser_percent.toLocaleString(locale)), p: pWords(share.adjusted),
    });
    const row = makeRow(share, words, types);
    row.dataset.disagrees = String(share.disagrees);
    return row;
  }));
  write(role(element, "comparison-words"), comparisonWords(comparison));
  write(role(element, "comparison-method"), comparison ? `${_(comparison.method)}.` : "");
}

function comparisonWords(comparison) {
  if (!comparison) return "";
  if (!comparison.shares.length) return _("The analyser and the slide have no class in common: nothing could be compared.");
  if (!comparison.disagreeing.length) return _("The analyser differs in no class by more than chance.");
  const names = comparison.disagreeing.map(typeWords);
  return _("Differs by more than chance: {types}.", { types: names.join(", ") });
}

function fillEstimate(element, { numbers: { estimate, no_estimate: missing }, types }) {
  role(element, "estimate").replaceChildren(
    ...(estimate?.shares ?? []).map((share) => makeRow(share, estimateWords(share), types)));
  write(role(element, "estimate-method"), estimate
    ? _("An estimate, no count: {method}; validated on {protocol}. It holds as far as this slide is like those.", { method: _(estimate.method), protocol: estimate.protocol })
    : said(missing));
}

function makeRow({ cell_type: name }, words, types) {
  return make("li", {}, make("b", { textContent: binWords(name, types) }), make("span", { textContent: words }));
}
