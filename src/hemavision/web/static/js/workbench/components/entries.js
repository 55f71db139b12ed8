/**
 * What a reader enters beside the count: target, total white cell count, an analyser's values; and
 * where the analyser disagrees by more than chance. Says `terms-changed`.
 */

import { make, role, tell, write } from "../../components/dom.js";
import { numberFrom } from "../terms.js";
import { binWords, pWords, shareWords } from "../words.js";

export function mountEntries(element) {
  const fields = role(element, "analyser-fields");
  let [shown, typesShown] = [null, null];

  element.addEventListener("change", ({ target }) => {
    if (target.name === "target") tell(element, "terms-changed", { target: Number(target.value) });
    if (target.name === "counted") tell(element, "terms-changed", { suggestions: target.value === "suggestions" });
    if (target.name === "nucleated-apart") tell(element, "terms-changed", { nucleatedApart: target.checked });
  });
  element.addEventListener("input", ({ target }) => {
    if (target.name === "white-cells") tell(element, "terms-changed", { whiteCells: entered(target) });
    if (target.dataset.analyser) tell(element, "terms-changed", { analyser: analyserOf(fields) });
  });

  return function update(state) {
    element.hidden = state.reading !== null;
    if (state.types !== typesShown && state.types.length && state.numbers) {
      typesShown = state.types;
      const apart = state.numbers.differential.left_out;
      const white = state.types.filter((type) => type.by_model && !(type.name in apart));
      fields.replaceChildren(...white.map((type) => makeField(type, state.terms.analyser[type.name])));
      role(element, "white-cells").value = state.terms.whiteCells ?? "";
      element.querySelector("[name=nucleated-apart]").checked = state.terms.nucleatedApart;
      element.querySelector("[name=counted][value=suggestions]").checked = state.terms.suggestions;
    }
    if (state.numbers === shown) return;
    shown = state.numbers;
    fillTargets(element, state.numbers);
    fillComparison(element, state);
  };
}

function entered(input) {
  const value = numberFrom(input.value);
  input.setAttribute("aria-invalid", String(input.value.trim() !== "" && value === null));
  return value;
}

function analyserOf(fields) {
  const values = [...fields.querySelectorAll("input")].map((input) => [input.dataset.analyser, entered(input)]);
  return Object.fromEntries(values.filter(([, value]) => value !== null));
}

function makeField({ name, display_name: label }, value) {
  const input = make("input", { type: "text", inputMode: "decimal", autocomplete: "off", value: value ?? "" });
  input.dataset.analyser = name;
  return make("label", { className: "entry" }, make("span", { textContent: label }), input, make("span", { textContent: "%" }));
}

function fillTargets(element, numbers) {
  const holder = role(element, "targets");
  if (!numbers) return;
  const said = numbers.targets.join();
  if (holder.dataset.said !== said) {
    holder.dataset.said = said;
    holder.replaceChildren(...numbers.targets.map((target) => {
      const input = make("input", { type: "radio", name: "target", value: String(target) });
      return make("label", { className: "segment" }, input, make("span", { textContent: String(target) }));
    }));
  }
  for (const input of holder.querySelectorAll("input")) input.checked = Number(input.value) === numbers.differential.target;
}

function fillComparison(element, { numbers, types }) {
  const comparison = numbers?.comparison ?? null;
  const list = role(element, "comparison");
  list.replaceChildren(...(comparison?.shares ?? []).map((share) => {
    const here = shareWords(share);
    const words = `${here.value} here (${here.interval}), ${share.analyser_percent}% there, ${pWords(share.adjusted)}`;
    const row = make("li", {}, make("b", { textContent: binWords(share.cell_type, types) }), make("span", { textContent: words }));
    row.dataset.disagrees = String(share.disagrees);
    return row;
  }));
  write(role(element, "comparison-words"), comparisonWords(comparison, types));
  write(role(element, "comparison-method"), comparison ? `${comparison.method}.` : "");
}

function comparisonWords(comparison, types) {
  if (!comparison) return "";
  if (!comparison.disagreeing.length) return "The analyser differs in no class by more than chance.";
  const names = comparison.disagreeing.map((name) => binWords(name, types).toLowerCase());
  return `Differs by more than chance: ${names.join(", ")}.`;
}
