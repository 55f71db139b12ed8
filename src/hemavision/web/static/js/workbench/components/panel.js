/**
 * The differential beside the gallery: a bin a type, which takes drops and shows its key, with its
 * share, the exact interval and the reference range on one bar. Every number is the server's. Says
 * `bin-wanted`, `bin-keyed`, `act-cut`, `act-count-on`.
 */

import { make, role, tell, write } from "../../components/dom.js";
import { UNFAMILIAR } from "../cells.js";
import { binCounts, isReadOnly, roomLeft } from "../state.js";
import { absoluteWords, binWords, cellsWords, cutWords, decidedWhite, flagWords, shareWords, targetWords } from "../words.js";
import { _, percentage, said, typeWords, whole } from "../../words.js";
import { binColour } from "./tiles.js";

/** Bars reach at least so far, percent, so that small shares do not look large. */
const LEAST_SCALE = 40;

export function mountPanel(element) {
  const rows = new Map(); // bin → its element
  let shown = null;

  element.addEventListener("click", ({ target }) => {
    const act = target.closest("[data-act]")?.dataset.act;
    if (act) tell(target, act);
    const button = target.closest("button[data-bin]");
    if (!button) return;
    tell(button, button.dataset.keyed === "true" ? "bin-keyed" : "bin-wanted", { name: button.dataset.bin });
  });

  return function update(state) {
    const now = [state.types, state.cells, state.numbers, state.numbersError, state.reading, state.case?.state, state.cut, state.pastTarget, state.typed, state.entries];
    if (shown && now.every((value, index) => value === shown[index])) return;
    shown = now;
    fillHead(element, state);
    fillBins(element, rows, state);
    fillFoot(element, state);
  };
}

/** The keys and the classes of the case's list, in the dialog of keys. */
export function mountClasses(dialog) {
  let shown = null;
  return function update({ types, classList }) {
    if (types === shown) return;
    shown = types;
    write(role(dialog, "type-keys"), types.flatMap(({ key }) => (key ? [key] : [])).join("\u200a"));
    write(role(dialog, "class-list"), _("Classes: {list}", { list: _(classList) }));
    role(dialog, "classes").replaceChildren(...types.map((type) => makeClass(type, types)));
  };
}

function makeClass({ display_name: label, key, counted, parent, loinc }, types) {
  const name = make("th", { scope: "row", textContent: label });
  const values = [counted ? _("yes") : _("apart"), parent ? binWords(parent, types) : "", loinc ?? ""];
  return make("tr", {}, make("td", {}, ...(key ? [make("kbd", { textContent: key })] : [])), name, ...values.map((textContent) => make("td", { textContent })));
}

function fillHead(element, state) {
  const { numbers, numbersError, reading, cells } = state;
  const found = numbers?.differential ?? null;
  const blind = reading !== null;
  role(element, "count").hidden = blind;
  role(element, "blind").hidden = !blind;
  const left = [...cells.values()].filter(({ decided_type: type }) => type === null).length;
  write(role(element, "blind-words"), blind ? _("{cells} left of {total}", { cells: cellsWords(left), total: whole(cells.size) }) : "");
  write(role(element, "total"), found ? whole(found.total) : "–");
  const decided = found ? decidedWhite(numbers) : 0; // a suggestion takes no count to its end
  const missing = found ? Math.max(0, found.target - decided) : 0;
  write(role(element, "target-words"), found ? targetWords({ total: decided, target: found.target, missing }) : "");
  role(element, "target-bar").style.setProperty(
    "transform", `scaleX(${found ? Math.min(1, decided / found.target) : 0})`);
  element.dataset.reached = String(Boolean(found) && missing === 0);
  role(element, "stopped").hidden = isReadOnly(state) || left === 0 || roomLeft(state) > 0;
  write(role(element, "numbers-error"), numbersError ?? "");
}

function fillBins(element, rows, state) {
  const counts = binCounts(state);
  const known = state.types.map(({ name }) => name);
  const all = [...known, ...Object.keys(counts).filter((name) => !known.includes(name) && name in counts && name !== "to_read")];
  const shares = new Map((state.numbers?.differential.shares ?? []).map((share) => [share.cell_type, share]));
  const scale = scaleOf([...shares.values()]);
  const full = (name) => isMain(name, state, counts);
  for (const [list, wanted] of [["bins", all.filter(full)], ["more-bins", all.filter((name) => !full(name))]]) {
    const elements = wanted.map((name) => rows.get(name) ?? makeBin(name, rows));
    const holder = role(element, list);
    if (holder.children.length !== elements.length || elements.some((one, at) => one !== holder.children[at])) {
      holder.replaceChildren(...elements);
    }
    for (const name of wanted) {
      fillBin(rows.get(name), name, { counts: counts[name] ?? [0, 0], share: shares.get(name), scale, state });
    }
  }
}

/** A type that the model names, or that was met here, has a row; the others are chips below. */
function isMain(name, { types }, counts) {
  return name === UNFAMILIAR || name in counts || Boolean(types.find((type) => type.name === name)?.by_model);
}

function scaleOf(shares) {
  const highest = Math.max(LEAST_SCALE, ...shares.map(({ high, reference }) => Math.max(high, reference?.[1] ?? 0)));
  return Math.min(100, Math.ceil(highest / 10) * 10);
}

function makeBin(name, rows) {
  const swatch = make("i", { className: "swatch" });
  swatch.style.setProperty("background", binColour(name));
  const key = make("button", { type: "button", className: "bin-key" }, make("kbd"));
  const open = make("button", { type: "button", className: "bin-name" }, swatch, make("span"));
  for (const button of [key, open]) button.dataset.bin = name;
  key.dataset.keyed = "true";
  const count = make("span", { className: "bin-count" });
  const share = make("span", { className: "bin-share" });
  const bar = make("span", { className: "bin-bar" }, make("i", { className: "bin-range" }), make("i", { className: "bin-fill" }), make("i", { className: "bin-whisker" }));
  bar.setAttribute("aria-hidden", "true");
  const words = make("span", { className: "bin-words" });
  const element = make("li", { className: "bin" }, key, open, count, share, bar, words);
  element.dataset.drop = name;
  rows.set(name, element);
  return element;
}

function fillBin(element, name, { counts, share, scale, state }) {
  const [key, open, count, value, bar, words] = element.children;
  const type = state.types.find((one) => one.name === name);
  const label = binWords(name, state.types);
  key.hidden = !type?.key || isReadOnly(state);
  write(key.firstElementChild, type?.key ?? "");
  key.setAttribute("aria-label", _("Call it {type} (key {key})", { type: typeWords(name), key: type?.key }));
  write(open.lastElementChild, label);
  const [decided, left] = counts;
  const suggested = isReadOnly(state) ? 0 : left; // what a signature left out is in no count
  write(count, suggested && !state.reading ? `${decided} + ${suggested}` : String(decided));
  count.title = _("{decided} committed, {suggested} only suggested", { decided, suggested });
  element.dataset.empty = String(decided + suggested === 0);
  element.dataset.flag = share?.flag ?? "none";
  bar.hidden = !share;
  if (!share) {
    write(value, "");
    write(words, name === UNFAMILIAR && suggested ? _("Not counted until you decide.") : "");
    return;
  }
  const words95 = shareWords(share);
  write(value, words95.value);
  drawBar(bar, share, scale);
  const lines = [`${percentage(95)} ${words95.interval}`];
  if (share.absolute) lines.push(absoluteWords(share.absolute));
  const flag = flagWords(share);
  write(words, [flag, ...lines].filter(Boolean).join(" · "));
}

/** The share as a bar, its interval as a whisker over it, the reference range as a band behind. */
function drawBar(bar, { percent, low, high, reference }, scale) {
  const along = (value) => `${Math.min(100, (value / scale) * 100)}%`;
  const [range, fill, whisker] = bar.children;
  range.hidden = !reference;
  if (reference) {
    range.style.setProperty("left", along(reference[0]));
    range.style.setProperty("right", `${100 - parseFloat(along(reference[1]))}%`);
  }
  fill.style.setProperty("width", along(percent));
  whisker.style.setProperty("left", along(low));
  whisker.style.setProperty("right", `${100 - parseFloat(along(high))}%`);
}

function fillFoot(element, { numbers, types, cut }) {
  const found = numbers?.differential ?? null;
  role(element, "cut").hidden = cut.length === 0;
  write(role(element, "cut-words"), cut.length ? `${cutWords(cut.length)}.` : "");
  const left = Object.entries(found?.left_out ?? {}).filter(([, count]) => count > 0);
  const apart = left.map(([name, count]) => `${binWords(name, types)} ${whole(count)}`).join(", ");
  write(role(element, "left-out"), apart ? _("Counted apart: {types}.", { types: apart }) : "");
  role(element, "aside").replaceChildren(...(numbers?.words ?? []).map((words) => make("li", { textContent: said(words) })));
}
