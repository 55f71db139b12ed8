/** Everything the Smear page says that depends on a number. Pure. */

import { _, duration, n_, number, percent, percentage, said, title, whole } from "../words.js";
import { KINDS } from "./cells.js";

const KIND_NAMES = { white_cell: _("White cell"), red_cell: _("Red cell"), platelet: _("Platelet") };

/** Return what a cell is called: its type if it is a white one, else its kind. */
export function cellTitle({ kind, prediction }) {
  return prediction ? title(prediction.cell_type) : KIND_NAMES[kind] ?? title(kind);
}

/** Return the few words beside a box: a doubtful name says so, whatever its colour and line. */
export function labelWords(cell) {
  const name = cellTitle(cell);
  if (!cell.prediction) return name;
  const { status, confidence, decided } = cell.prediction;
  if (decided) return name;
  if (status === "unfamiliar") return _("{type}? Unfamiliar", { type: name });
  return `${name}${status === "check" ? "?" : ""} ${percentage(Math.floor(confidence * 100))}`;
}

/** Return what is to be said of a cell's place: ["cut by the border", "clumped"]. */
export function markWords({ cut, clumped }) {
  return [cut && _("cut by the border"), clumped && _("clumped")].filter(Boolean);
}

/** Return a cell in one line, for a list and a screen reader. */
export function cellLine(cell) {
  const { prediction, score } = cell;
  const sure = prediction
    ? `${percent(prediction.confidence)}, ${_(prediction.status)}`
    : _("found with a score of {score}", { score: number(score, 2) });
  return [`${cellTitle(cell)} ${sure}`, ...markWords(cell)].join(", ");
}

/** Return a number of cells in words: "1 red cell", "17 white cells". */
function cellsWords(count, kind) {
  const n = { n: whole(count) };
  if (kind === "white_cell") return n_("{n} white cell", "{n} white cells", count, n);
  if (kind === "red_cell") return n_("{n} red cell", "{n} red cells", count, n);
  return n_("{n} platelet", "{n} platelets", count, n);
}

/** Return a field's counts in one line. */
function countsWords(counts) {
  return KINDS.map((kind) => cellsWords(counts[kind], kind)).join(", ");
}

/** Return what the strip says of a field. */
export function fieldWords(item) {
  if (item.status === "waiting") return _("Waiting");
  if (item.status === "reading") return _("Reading…");
  if (item.status === "failed") return item.error.title;
  const { white_cell: white, red_cell: red } = item.answer.smear.counts;
  return _("{white} white · {red} red", { white, red: whole(red) });
}

/** Return the mark of a field in the strip: as doubtful as its most doubtful part. */
export function fieldStatus({ answer: { smear } }) {
  const found = smear.cells.map((cell) => cell.prediction?.status);
  if (found.includes("unfamiliar")) return "unfamiliar";
  return smear.warnings.length || found.includes("check") ? "check" : "confident";
}

/** Return a ratio with its 95% interval: {value: "66", interval: "13 to 190"}. */
export function ratioWords(ratio) {
  if (!ratio) return { value: "–", interval: _("no red cell to compare with") };
  const [value, low, high] = [ratio.value, ratio.low, ratio.high].map(figure);
  return { value, interval: _("95% interval {low} to {high}", { low, high }) };
}

/** Return a number with no more digits than a count of cells bears: "0.083", "1.2", "66". */
export function figure(value) {
  if (value === 0) return "0";
  const digits = Math.max(0, 1 - Math.floor(Math.log10(value)));
  return value >= 100 ? number(Math.round(value), 0, true) : number(value, Math.min(digits, 4));
}

/** Return what the differential leaves out and why, or "" where it leaves nothing out. */
export function leftOutWords({ cut, unfamiliar }) {
  const parts = [
    cut && n_("{n} white cell cut by the border", "{n} white cells cut by the border", cut),
    unfamiliar && n_("{n} white cell unlike any the model knows", "{n} white cells unlike any the model knows", unfamiliar),
  ].filter(Boolean);
  return parts.length ? _("Left out: {what}.", { what: parts.join(", ") }) : "";
}

/** Return how many cells the differential rests on, and what so few are worth. */
export function countedWords(counted) {
  if (counted === 0) return _("No whole, familiar white cell to count.");
  const cells = n_("{n} white cell counted.", "{n} white cells counted.", counted, { n: whole(counted) });
  return counted < 100 ? `${cells} ${_("Too few for a differential: 100 or more are usual.")}` : cells;
}

/** Return a warning's message; taken over several fields, with in how many it came up. */
export function warningWords({ message, fields }, read) {
  const words = said(message);
  return fields ? n_("{message} ({fields} of {n} field)", "{message} ({fields} of {n} fields)", read, { message: words, fields }) : words;
}

/** Return what a screen reader hears when a field has been read. */
export function fieldAnnouncement(item) {
  if (item.status === "failed") return `${item.name}: ${item.error.title}. ${item.error.detail}`;
  const { counts, warnings } = item.answer.smear;
  return [`${item.name}: ${countsWords(counts)}`, ...warnings.map(({ message }) => said(message))].join(". ");
}

/** Return what a screen reader hears when the keys come to a cell. */
export function cellAnnouncement(cell, place, total) {
  return `${cellLine(cell)}. ${_("{place} of {total}", { place, total })}.`;
}

/** Return the name of the stage for a screen reader. */
export function fieldLabel(item) {
  if (!item) return _("No field yet");
  if (!item.answer) return _("{name}, not read yet", item);
  return `${item.name}: ${countsWords(item.answer.smear.counts)}`;
}

/** Return how a field was read, for the small print. */
export function readWords({ milliseconds, detector }, roundTripMs) {
  const time = _("Read in {time}, {whole} with the round trip", { time: duration(milliseconds), whole: duration(roundTripMs) });
  const by = _("Detector {name}, SHA-256 {digest}…", { name: detector.name, digest: detector.sha256.slice(0, 12) });
  return `${time}. ${by}`;
}
