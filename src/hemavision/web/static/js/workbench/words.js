/** Everything the workbench says that depends on a cell, a number or a time. Pure. */

import { percent, statusWords, title } from "../words.js";
import { binOf, isDecided, TO_READ, UNFAMILIAR } from "./cells.js";

const STATES = { new: "New", in_review: "In review", signed: "Signed" };
const BINS = { [UNFAMILIAR]: "Unfamiliar", [TO_READ]: "To read" };
const FILTER_NAMES = { all: "All", undecided: "Undecided", check: "Check", unfamiliar: "Unfamiliar", decided: "Decided" };
const FLAGS = { high: "high", low: "low", possibly_high: "possibly high", possibly_low: "possibly low" };
const ACTIONS = {
  create: "made the case", import: "brought in an image", add: "added by hand", remove: "took out",
  decide: "decided", undo: "took back", sign: "signed the case",
  amend: "opened the case again", read: "second reading", reread: "read again, blind", enter: "entered",
};

/** What may be entered beside the cells, for the log. */
const ENTRIES = {
  target: "cells to count", white_cells: "total white cells", nucleated_apart: "counted without nucleated red cells",
  analyser: "analyser", analyser_cells: "analyser's cells", analyser_name: "analyser's name",
  profile: "reference ranges", estimate: "estimate", comment: "comment", pixel_um: "pixel size, µm",
};

/** Return a case's state for people. */
export const stateWords = (state) => STATES[state] ?? title(state);

/** Return a bin's name for people: a type's own, or what is in no type yet. */
export function binWords(name, types) {
  return BINS[name] ?? types.find((type) => type.name === name)?.display_name ?? title(name);
}

export const filterWords = (filter) => FILTER_NAMES[filter];

/** Return a number of cells in words: "1 cell", "1,204 cells". */
export function cellsWords(count, what = "cell") {
  return `${count.toLocaleString("en-GB")} ${what}${count === 1 ? "" : "s"}`;
}

/** Return which of several cells a decision leaves as they are, and why, or "". */
export function leftOutWords(unseen, doubtful) {
  const left = [[unseen, "not seen yet"], [doubtful, "doubted by the model: decide on them one by one"]];
  return left.filter(([some]) => some.length).map(([some, why]) => `${cellsWords(some.length)} left out, ${why}`).join("; ");
}

/** Return where a similar cell is from. */
export const sourceWords = ({ source, case_id: id }) => (source ? source.toUpperCase().replace("_", " ") : `case ${id}`);

/** Return what a picture's scale is common to: `classes` are the case's images that show at scales of their own. */
export const scaleWords = (classes) => `As photographed, at one scale with all cells of ${classes > 1 ? "images like this one: the size of a pixel is not known" : "the case"}`;

/** Return which cell shows large, and how many doubtful ones wait. */
export const queueWords = (id, count) => `Cell ${id} · ${count.toLocaleString("en-GB")} doubtful`;

/** Return how many white cells a border cuts. */
export const cutWords = (count) => `${cellsWords(count, "white cell")} at the border of ${count === 1 ? "its field is" : "their fields are"} not counted`;

/** Return what goes with an image that is taken out of the case. */
export function removalWords({ name }, cells) {
  const decided = cells.filter(isDecided).length;
  const some = decided === cells.length ? "all decided" : `${decided.toLocaleString("en-GB")} of them decided`;
  const goes = cells.length ? `${cellsWords(cells.length)} with it, ${decided ? some : "none decided"}` : "no cell with it";
  return `${name} leaves the case, and ${goes}. The log keeps its name, what was decided, and your reason.`;
}

/** Return the line under a tile. */
export function captionWords(cell, types) {
  const { suggestion, decided_type: decided } = cell;
  if (!suggestion) return decided === null ? "" : "✓";
  if (decided === null) return suggestion.status === "unfamiliar" ? "unfamiliar" : percent(suggestion.confidence);
  if (decided === suggestion.cell_type) return `✓ ${percent(suggestion.confidence)}`;
  return `was ${binWords(suggestion.cell_type, types).toLowerCase()}`;
}

/** Return a cell for a screen reader, and for the pointer resting on it. */
export function cellWords(cell, types) {
  const { suggestion, decided_type: decided, decided_by: by, added_by: adder } = cell;
  const parts = [`Cell ${cell.id}`, binWords(binOf(cell), types)];
  if (isDecided(cell)) parts.push(by ? `decided by ${by}` : "decided");
  else if (suggestion) parts.push("only suggested");
  if (suggestion && decided !== suggestion.cell_type && (decided !== null || suggestion.status === "unfamiliar")) {
    parts.push(`the model says ${binWords(suggestion.cell_type, types).toLowerCase()}`);
  }
  if (suggestion) parts.push(percent(suggestion.confidence), statusWords(suggestion.status).word.toLowerCase());
  if (suggestion?.looked_elsewhere) parts.push("the heatmap lies outside the cell");
  if (suggestion?.foreign_colours) parts.push("stain and light are new to the model");
  if (adder) parts.push(`added by ${adder}`);
  return parts.join(", ");
}

/** Return who decided on a cell, and who added it where it did not come with its image. */
export function decisionWords({ decided_type: type, decided_by: by, decided_at: at, added_by: adder }) {
  const decided = type === null ? "Not decided yet." : `Decided${by ? ` by ${by}, ${timeWords(at)}` : ""}.`;
  return adder ? `${decided} Added by hand by ${adder}.` : decided;
}

/** Return a share with its interval: {value: "52.4%", interval: "45.2 to 59.6%"}. */
export function shareWords({ percent: share, low, high }) {
  return { value: `${round(share)}%`, interval: `${round(low)} to ${round(high)}%` };
}

/** Return a flag in words with what would settle it, or "". */
export function flagWords({ flag, more_cells: more, reference }) {
  if (flag === "none") return "";
  const [low, high] = reference;
  const range = ` against ${low} to ${high}%`;
  if (!flag.startsWith("possibly")) return `${FLAGS[flag]}${range}`;
  const settle = more === null ? "this slide cannot settle it" : `about ${cellsWords(more, "more white cell")} at this share would settle it`;
  return `${FLAGS[flag]}${range}: ${settle}`;
}

/** Return a count in blood: "3.41 (2.95 to 3.86) × 10⁹/L". */
export function absoluteWords({ value, low, high, flag }) {
  const said = FLAGS[flag] ? `, ${FLAGS[flag]}` : "";
  return `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}) × 10⁹/L${said}`;
}

/** Return how far the count is: "87 of 100", "143, past the 100". */
export function targetWords({ total, target, missing }) {
  return missing > 0 ? `${missing.toLocaleString("en-GB")} to go` : `target of ${target} reached (${total})`;
}

/**
 * Return how many white cells readers have decided, of a differential's answer: those aimed at are counted
 * of these, whatever the model suggests.
 */
export function decidedWhite({ cells, differential }) {
  const white = Object.entries(cells.decided).filter(([name]) => !(name in differential.left_out));
  return white.reduce((sum, [, count]) => sum + count, 0);
}

/** The way on where a count has stopped. */
const ON = "G counts on past it, Ctrl Enter signs; or choose a higher count.";

/** Return what is said of cells that a complete count leaves out. */
export function beyondWords(count, target) {
  return `The count stops at ${target.toLocaleString("en-GB")}: ${cellsWords(count)} left out. ${ON}`;
}

/** Return the sentence for the moment when a count is complete, or "": `before` is the answer before. */
export function completeWords(numbers, before) {
  if (!before) return "";
  const { target } = numbers.differential;
  const [now, then] = [decidedWhite(numbers), decidedWhite(before)];
  if (then >= target || now < target) return "";
  return `${now.toLocaleString("en-GB")} white cells are decided: the ${target} aimed at are complete, and the count stops. ${ON}`;
}

/** Return an estimated share beside what the model called: "54.1% (46.0 to 62.3%), called 57.0%". */
export function estimateWords(share) {
  const { value, interval } = shareWords(share);
  return `${value} (${interval}), called ${round(share.called)}%`;
}

/** Return a p-value for people. */
export function pWords(p) {
  return p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`;
}

/** Return an agreement's κ for people: "κ 0.87 (0.81 to 0.93)". */
export function kappaWords(kappa) {
  if (!kappa) return "no κ: one type only";
  return `κ ${kappa.value.toFixed(2)} (${kappa.low.toFixed(2)} to ${kappa.high.toFixed(2)})`;
}

/** Return how two readers differ over slides, percentage points of the white cells. */
export function slidesWords(slides, limits) {
  if (!limits) return `Two slides that were read twice are needed; ${slides === 1 ? "there is one" : "there is none"} so far.`;
  const [bias, lower, upper] = [limits.bias, limits.lower, limits.upper].map((value) => value.toFixed(1));
  return `${slides} slides: bias ${bias} percentage points, limits of agreement ${lower} to ${upper}.`;
}

/** Return a time for people, in their own time zone: "25 Nov, 14:03". */
export function timeWords(iso) {
  const at = new Date(iso);
  return at.toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

/** Return how long ago something was, for a list. */
export function agoWords(iso, now = Date.now()) {
  const minutes = Math.floor((now - new Date(iso).getTime()) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return timeWords(iso);
}

/** Return what happened where somebody else was first, for a notice. */
/** The words for a server that does not answer: what waits for it, and what to do. */
export function awayWords(cells, typed) {
  const waits = [cells ? cellsWords(cells) : "", typed ? "what you entered" : ""].filter(Boolean).join(" and ");
  const kept = waits ? `Not saved yet: ${waits}. Go on reading, and keep this page open: it is sent as soon as the server is back.`
    : "Nothing is lost. Go on reading, and keep this page open: what you decide is sent as soon as it is back.";
  return `The server does not answer. ${kept}`;
}

export function conflictWords(refusal, types) {
  const [first, ...others] = refusal.changes;
  if (!first) return `${refusal.words.title}. ${refusal.words.detail}`;
  const what = first.decided_type === null ? "took the decision back" : `decided ${binWords(first.decided_type, types).toLowerCase()}`;
  const more = others.length ? ` (and ${cellsWords(others.length, "other cell")} changed too)` : "";
  return `Somebody else was first: ${first.decided_by ?? "somebody"} ${what} on cell ${first.id} at `
    + `${timeWords(first.decided_at)}${more}. Your change was not made; what shows now is theirs.`;
}

/** Return what somebody else did to a case, for a notice: "2 cells added and 1 cell changed". */
export function foreignWords({ isSigned, added, changed }) {
  if (isSigned) return "the case was signed";
  const parts = [[added, "added"], [changed, "changed"]].filter(([count]) => count > 0);
  return parts.map(([count, what]) => `${cellsWords(count)} ${what}`).join(" and ") || "something was entered beside the cells";
}

/** Return a row of the log in words. */
export function entryWords({ action, before, after, cell_id: cell, detail }, types) {
  const name = (type) => (type === null ? "undecided" : binWords(type, types).toLowerCase());
  if (action === "add") return `${ACTIONS.add}: cell ${cell}`;
  if (action === "remove") return `${ACTIONS.remove}: ${cell === null ? `${detail.name}, ${cellsWords(Object.keys(detail.cells).length)}: ${detail.reason}` : `cell ${cell}`}`;
  if (cell !== null) return `${ACTIONS[action] ?? action}: cell ${cell}, ${name(before)} → ${name(after)}`;
  if (action === "enter") return `${ACTIONS.enter}: ${changesWords(detail.before, detail.entries)}`;
  if (action === "read") return `${ACTIONS.read} ${after}`;
  const about = detail?.name ?? detail?.reason ?? "";
  return about ? `${ACTIONS[action] ?? action}: ${about}` : ACTIONS[action] ?? action;
}

/** Return what was changed of the entries: "total white cells none → 6.2, comment". */
function changesWords(before, after) {
  const changed = Object.keys(ENTRIES).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return changed.map((name) => `${ENTRIES[name]} ${valueWords(before[name])} → ${valueWords(after[name])}`).join(", ");
}

function valueWords(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value !== null && typeof value === "object") {
    return Object.entries(value).map(([name, share]) => `${name} ${share}`).join(" ") || "none";
  }
  return value === null || value === "" ? "none" : String(value);
}

/** Return what became of an import in one line. */
export function importWords({ added, duplicates, failed, cells }) {
  const parts = [`${added.toLocaleString("en-GB")} ${added === 1 ? "image" : "images"} added, ${cellsWords(cells)}`];
  if (duplicates) parts.push(`${duplicates.toLocaleString("en-GB")} already here`);
  if (failed) parts.push(`${failed.toLocaleString("en-GB")} could not be read`);
  return parts.join(" · ");
}

/** Return a figure with one decimal, 0 and 100 without: as the report prints it. */
export function round(share) {
  return share === 0 || share === 100 ? String(share) : share.toFixed(1);
}
