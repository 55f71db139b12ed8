/** Everything the workbench says that depends on a cell, a number or a time. Pure. */

import { _, locale, n_, number, percent, percentage, title, typeWords, whole } from "../words.js";
import { binOf, isDecided, TO_READ, UNFAMILIAR } from "./cells.js";

const STATES = { new: _("New"), in_review: _("In review"), signed: _("Signed") };
const BINS = { [UNFAMILIAR]: _("Unfamiliar"), [TO_READ]: _("To read") };
const FILTER_NAMES = { all: _("All"), undecided: _("Undecided"), check: _("Check"), unfamiliar: _("Unfamiliar"), decided: _("Decided") };
const FLAGS = { high: _("high"), low: _("low"), possibly_high: _("possibly high"), possibly_low: _("possibly low") };
const ACTIONS = {
  create: _("made the case"), import: _("brought in an image"), add: _("added by hand"), remove: _("took out"),
  decide: _("decided"), undo: _("took back"), sign: _("signed the case"),
  amend: _("opened the case again"), read: _("second reading"), reread: _("read again, blind"), enter: _("entered"),
};

/** What may be entered beside the cells, for the log. */
const ENTRIES = {
  target: _("cells to count"), white_cells: _("total white cells"), nucleated_apart: _("counted without nucleated red cells"),
  analyser: _("analyser"), analyser_cells: _("analyser's cells"), analyser_name: _("analyser's name"),
  profile: _("reference ranges"), estimate: _("estimate"), comment: _("comment"), pixel_um: _("pixel size, µm"),
};

/** Return a case's state for people. */
export const stateWords = (state) => STATES[state] ?? title(state);

/** Return a bin's name for people: a type's own, or what is in no type yet. */
export function binWords(name, types) {
  return BINS[name] ?? types.find((type) => type.name === name)?.display_name ?? title(name);
}

/** Return a bin's name as it stands within a sentence. */
const binInSentence = (name) => (name in BINS ? _(name.replaceAll("_", " ")) : typeWords(name));

export const filterWords = (filter) => FILTER_NAMES[filter];

/** Return a number of cells in words: "1 cell", "1,204 cells". */
export function cellsWords(count) {
  return n_("{n} cell", "{n} cells", count, { n: whole(count) });
}

/** Return which of several cells a decision leaves as they are, and why, or "". */
export function leftOutWords(unseen, doubtful) {
  const left = [[unseen, _("not seen yet")], [doubtful, _("doubted by the model: decide on them one by one")]];
  return left.filter(([some]) => some.length).map(([some, why]) => _("{cells} left out, {why}", { cells: cellsWords(some.length), why })).join("; ");
}

/** Return where a similar cell is from. */
export const sourceWords = ({ source, case_id: id }) => (source ? source.toUpperCase().replace("_", " ") : _("case {number}", { number: id }));

/** Return what a picture's scale is common to: `classes` are the case's images that show at scales of their own. */
export const scaleWords = (classes) => (classes > 1
  ? _("As photographed, at one scale with all cells of images like this one: the size of a pixel is not known")
  : _("As photographed, at one scale with all cells of the case"));

/** Return which cell shows large, and how many doubtful ones wait. */
export const queueWords = (id, count) => _("Cell {id} · {n} doubtful", { id, n: whole(count) });

/** Return what is done to the cells that show together. */
export const sheetWords = (count) => n_("Look at it: Enter commits it as suggested. A type's key names it otherwise.",
  "Look at each: Enter commits these {n} as suggested. A type's key names the one in the ring otherwise.", count, { n: whole(count) });

/** Return how many white cells a border cuts. */
export const cutWords = (count) => n_("{n} white cell at the border of its field is not counted", "{n} white cells at the border of their fields are not counted", count, { n: whole(count) });

/** Return what goes with an image that is taken out of the case. */
export function removalWords({ name }, cells) {
  const decided = cells.filter(isDecided).length;
  const some = decided === cells.length ? _("all decided") : _("{n} of them decided", { n: whole(decided) });
  const goes = cells.length
    ? _("{cells} with it, {decided}", { cells: cellsWords(cells.length), decided: decided ? some : _("none decided") })
    : _("no cell with it");
  return _("{name} leaves the case, and {goes}. The log keeps its name, what was decided, and your reason.", { name, goes });
}

/** Return the line under a tile. */
export function captionWords(cell) {
  const { suggestion, decided_type: decided } = cell;
  if (!suggestion) return decided === null ? "" : "✓";
  if (decided === null) return suggestion.status === "unfamiliar" ? _("unfamiliar") : percent(suggestion.confidence);
  if (decided === suggestion.cell_type) return `✓ ${percent(suggestion.confidence)}`;
  return _("was {type}", { type: binInSentence(suggestion.cell_type) });
}

/** Return a cell for a screen reader, and for the pointer resting on it. */
export function cellWords(cell, types) {
  const { suggestion, decided_type: decided, decided_by: by, added_by: adder } = cell;
  const parts = [_("Cell {id}", cell), binWords(binOf(cell), types)];
  if (isDecided(cell)) parts.push(by ? _("decided by {who}", { who: by }) : _("decided"));
  else if (suggestion) parts.push(_("only suggested"));
  if (suggestion && decided !== suggestion.cell_type && (decided !== null || suggestion.status === "unfamiliar")) {
    parts.push(_("the model says {type}", { type: binInSentence(suggestion.cell_type) }));
  }
  if (suggestion) parts.push(percent(suggestion.confidence), _(suggestion.status));
  if (suggestion?.looked_elsewhere) parts.push(_("the heatmap lies outside the cell"));
  if (suggestion?.foreign_colours) parts.push(_("stain and light are new to the model"));
  if (adder) parts.push(_("added by {who}", { who: adder }));
  return parts.join(", ");
}

/** Return who decided on a cell, and who added it where it did not come with its image. */
export function decisionWords({ decided_type: type, decided_by: by, decided_at: at, added_by: adder }) {
  const done = by ? _("Decided by {who}, {when}.", { who: by, when: timeWords(at) }) : _("Decided.");
  const decided = type === null ? _("Not decided yet.") : done;
  return adder ? `${decided} ${_("Added by hand by {who}.", { who: adder })}` : decided;
}

/** Return a share with its interval: {value: "52.4%", interval: "45.2 to 59.6%"}. */
export function shareWords({ percent: share, low, high }) {
  return { value: percentage(round(share)), interval: _("{low} to {high}%", { low: round(low), high: round(high) }) };
}

/** Return a flag in words with what would settle it, or "". */
export function flagWords({ flag, more_cells: more, reference }) {
  if (flag === "none") return "";
  const [low, high] = reference.map((limit) => limit.toLocaleString(locale));
  const range = _("{flag} against {low} to {high}%", { flag: FLAGS[flag], low, high });
  if (!flag.startsWith("possibly")) return range;
  const settle = more === null ? _("this slide cannot settle it")
    : n_("about {n} more white cell at this share would settle it", "about {n} more white cells at this share would settle it", more, { n: whole(more) });
  return `${range}: ${settle}`;
}

/** Return a count in blood: "3.41 (2.95 to 3.86) × 10⁹/L". */
export function absoluteWords({ value, low, high, flag }) {
  const said = FLAGS[flag] ? `, ${FLAGS[flag]}` : "";
  const [here, from, to] = [value, low, high].map((one) => number(one, 2));
  return `${_("{value} ({low} to {high})", { value: here, low: from, high: to })} × 10⁹/L${said}`;
}

/** Return how far the count is: "87 of 100", "143, past the 100". */
export function targetWords({ total, target, missing }) {
  return missing > 0 ? _("{n} to go", { n: whole(missing) }) : _("target of {target} reached ({total})", { target, total });
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
const ON = _("G counts on past it, Ctrl Enter signs; or choose a higher count.");

/** Return what is said of cells that a complete count leaves out. */
export function beyondWords(count, target) {
  return `${_("The count stops at {target}: {cells} left out.", { target: whole(target), cells: cellsWords(count) })} ${ON}`;
}

/** Return the sentence for the moment when a count is complete, or "": `before` is the answer before. */
export function completeWords(numbers, before) {
  if (!before) return "";
  const { target } = numbers.differential;
  const [now, then] = [decidedWhite(numbers), decidedWhite(before)];
  if (then >= target || now < target) return "";
  return `${_("{n} white cells are decided: the {target} aimed at are complete, and the count stops.", { n: whole(now), target })} ${ON}`;
}

/** Return an estimated share beside what the model called: "54.1% (46.0 to 62.3%), called 57.0%". */
export function estimateWords(share) {
  const { value, interval } = shareWords(share);
  return _("{value} ({interval}), called {called}%", { value, interval, called: round(share.called) });
}

/** Return a p-value for people. */
export function pWords(p) {
  return p < 0.001 ? `p < ${number(0.001, 3)}` : `p = ${number(p, 3)}`;
}

/** Return an agreement's κ for people: "κ 0.87 (0.81 to 0.93)". */
export function kappaWords(kappa) {
  if (!kappa) return _("no κ: one type only");
  const [value, low, high] = [kappa.value, kappa.low, kappa.high].map((one) => number(one, 2));
  return `κ ${_("{value} ({low} to {high})", { value, low, high })}`;
}

/** Return how two readers differ over slides, percentage points of the white cells. */
export function slidesWords(slides, limits) {
  if (!limits) {
    return slides === 1 ? _("Two slides that were read twice are needed; there is one so far.")
      : _("Two slides that were read twice are needed; there is none so far.");
  }
  const [bias, lower, upper] = [limits.bias, limits.lower, limits.upper].map((value) => number(value, 1));
  return _("{slides} slides: bias {bias} percentage points, limits of agreement {lower} to {upper}.", { slides, bias, lower, upper });
}

/** Return a time for people, in their own time zone: "25 Nov, 14:03". */
export function timeWords(iso) {
  const at = new Date(iso);
  return at.toLocaleString(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

/** Return how long ago something was, for a list. */
export function agoWords(iso, now = Date.now()) {
  const minutes = Math.floor((now - new Date(iso).getTime()) / 60_000);
  if (minutes < 1) return _("just now");
  if (minutes < 60) return _("{n} min ago", { n: minutes });
  if (minutes < 24 * 60) return _("{n} h ago", { n: Math.floor(minutes / 60) });
  return timeWords(iso);
}

/** Return what happened where somebody else was first, for a notice. */
/** The words for a server that does not answer: what waits for it, and what to do. */
export function awayWords(cells, typed) {
  const waits = [cells ? cellsWords(cells) : "", typed ? _("what you entered") : ""].filter(Boolean).join(_(" and "));
  const kept = waits
    ? _("Not saved yet: {waits}. Go on reading, and keep this page open: it is sent as soon as the server is back.", { waits })
    : _("Nothing is lost. Go on reading, and keep this page open: what you decide is sent as soon as it is back.");
  return `${_("The server does not answer.")} ${kept}`;
}

export function conflictWords(refusal) {
  const [first, ...others] = refusal.changes;
  if (!first) return `${refusal.words.title}. ${refusal.words.detail}`;
  const what = first.decided_type === null ? _("took the decision back") : _("decided {type}", { type: binInSentence(first.decided_type) });
  const more = others.length
    ? ` ${n_("(and {n} other cell changed too)", "(and {n} other cells changed too)", others.length, { n: whole(others.length) })}` : "";
  const values = { who: first.decided_by ?? _("somebody"), what, id: first.id, when: `${timeWords(first.decided_at)}${more}` };
  return _("Somebody else was first: {who} {what} on cell {id} at {when}. Your change was not made; what shows now is theirs.", values);
}

/** Return what somebody else did to a case, for a notice: "2 cells added and 1 cell changed". */
export function foreignWords({ isSigned, added, changed }) {
  if (isSigned) return _("the case was signed");
  const parts = [
    added > 0 && n_("{n} cell added", "{n} cells added", added, { n: whole(added) }),
    changed > 0 && n_("{n} cell changed", "{n} cells changed", changed, { n: whole(changed) }),
  ].filter(Boolean);
  return parts.join(_(" and ")) || _("something was entered beside the cells");
}

/** Return a row of the log in words. */
export function entryWords({ action, before, after, cell_id: cell, detail }) {
  const name = (type) => (type === null ? _("undecided") : binInSentence(type));
  const which = cell === null ? "" : _("cell {number}", { number: cell });
  if (action === "add") return `${ACTIONS.add}: ${which}`;
  if (action === "remove") return `${ACTIONS.remove}: ${cell === null ? `${detail.name}, ${cellsWords(Object.keys(detail.cells).length)}: ${detail.reason}` : which}`;
  if (cell !== null) return `${ACTIONS[action] ?? action}: ${which}, ${name(before)} → ${name(after)}`;
  if (action === "enter") return `${ACTIONS.enter}: ${changesWords(detail.before, detail.entries)}`;
  if (action === "read") return `${ACTIONS.read} ${_(after)}`;
  const about = detail?.name ?? detail?.reason ?? "";
  return about ? `${ACTIONS[action] ?? action}: ${about}` : ACTIONS[action] ?? action;
}

/** Return what was changed of the entries: "total white cells none → 6.2, comment". */
function changesWords(before, after) {
  const changed = Object.keys(ENTRIES).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return changed.map((name) => `${ENTRIES[name]} ${valueWords(before[name])} → ${valueWords(after[name])}`).join(", ");
}

function valueWords(value) {
  if (typeof value === "boolean") return value ? _("yes") : _("no");
  if (value !== null && typeof value === "object") {
    return Object.entries(value).map(([name, share]) => `${typeWords(name)} ${share}`).join(" ") || _("none");
  }
  return value === null || value === "" ? _("none") : String(value);
}

/** Return what became of an import in one line. */
export function importWords({ added, duplicates, failed, cells }) {
  const parts = [n_("{n} image added, {cells}", "{n} images added, {cells}", added, { n: whole(added), cells: cellsWords(cells) })];
  if (duplicates) parts.push(_("{n} already here", { n: whole(duplicates) }));
  if (failed) parts.push(_("{n} could not be read", { n: whole(failed) }));
  return parts.join(" · ");
}

/** Return a figure with one decimal, 0 and 100 without: as the report prints it. */
export function round(share) {
  return share === 0 || share === 100 ? String(share) : number(share, 1);
}
