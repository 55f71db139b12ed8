/** The clinical context of the named type: ranges, function, what high and low may mean. */

import { selectedItem } from "../state.js";
import { range, title } from "../words.js";
import { make, role } from "./dom.js";

const UNFAMILIAR = "unfamiliar";

export function mountContext(element) {
  const body = role(element, "body");
  let shown = null;

  return function update(state) {
    const prediction = selectedItem(state)?.answer?.prediction ?? null;
    const unfamiliar = prediction?.status === "unfamiliar";
    const name = unfamiliar ? UNFAMILIAR : prediction?.cell_type ?? null;
    const entry = state.cellTypes[name] ?? null;
    const key = entry ?? state.contextError ?? name;
    if (key === shown) return;
    shown = key;
    if (entry) body.replaceChildren(...card(entry));
    else body.replaceChildren(make("p", { className: "quiet", textContent: missing(name, state) }));
  };
}

function missing(name, state) {
  if (name === UNFAMILIAR) return "Unlike anything the model was trained on: what a type may mean says nothing here.";
  if (state.contextError) return `No clinical context: ${state.contextError}`;
  return name ? `No clinical context is known for ${name}.` : "What this cell does appears here with the answer.";
}

function card(entry) {
  const rows = [
    ["What it does", entry.function],
    ["A high count may mean", entry.significance.high],
    ["A low count may mean", entry.significance.low],
  ].filter(([, words]) => words);
  return [
    make("h3", { className: "context-name", textContent: entry.display_name ?? title(entry.name) }),
    ranges(entry),
    make("dl", {}, ...rows.flatMap(([term, words]) => [
      make("dt", { textContent: term }),
      make("dd", { textContent: [words].flat().join(", ") }),
    ])),
    make("p", { className: "source", textContent: `Source: ${entry.source}` }),
  ];
}

function ranges(entry) {
  if (!entry.percent) {
    return make("div", { className: "range" }, make("p", { className: "quiet", textContent: "No reference range in this profile." }));
  }
  const [low, high] = entry.percent;
  const share = make("i");
  share.style.setProperty("left", `${low}%`);
  share.style.setProperty("width", `${high - low}%`);
  const scale = make("div", { className: "range-scale" }, share);
  scale.setAttribute("aria-hidden", "true");
  const absolute = entry.absolute ? `, ${range(entry.absolute, " ×10⁹/L")}` : "";
  return make(
    "div", { className: "range" },
    make("p", {}, make("strong", { textContent: range(entry.percent, "%") }),
      ` of white cells in adults' blood${absolute}`),
    scale,
    make("p", { className: "source", textContent: `Reference profile: ${entry.profile}` }),
  );
}
