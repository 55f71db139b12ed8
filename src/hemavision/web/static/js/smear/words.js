/** Everything the Smear page says that depends on a number. Pure. */

import { duration, percent, statusWords, title } from "../words.js";
import { KINDS } from "./cells.js";

const KIND_NAMES = { white_cell: "White cell", red_cell: "Red cell", platelet: "Platelet" };

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
  if (status === "unfamiliar") return `${name}? Unfamiliar`;
  return `${name}${status === "check" ? "?" : ""} ${Math.floor(confidence * 100)}%`;
}

/** Return what is to be said of a cell's place: ["cut by the border", "clumped"]. */
export function markWords({ cut, clumped }) {
  return [cut && "cut by the border", clumped && "clumped"].filter(Boolean);
}

/** Return a cell in one line, for a list and a screen reader. */
export function cellLine(cell) {
  const { prediction, score } = cell;
  const sure = prediction
    ? `${percent(prediction.confidence)}, ${statusWords(prediction.status).word.toLowerCase()}`
    : `found with a score of ${score.toFixed(2)}`;
  return [`${cellTitle(cell)} ${sure}`, ...markWords(cell)].join(", ");
}

/** Return a number of cells in words: "1 red cell", "17 white cells". */
function cellsWords(count, kind) {
  const name = KIND_NAMES[kind].toLowerCase();
  return `${count.toLocaleString("en-GB")} ${name}${count === 1 ? "" : "s"}`;
}

/** Return a field's counts in one line. */
function countsWords(counts) {
  return KINDS.map((kind) => cellsWords(counts[kind], kind)).join(", ");
}

/** Return what the strip says of a field. */
export function fieldWords(item) {
  if (item.status === "waiting") return "Waiting";
  if (item.status === "reading") return "Reading…";
  if (item.status === "failed") return item.error.title;
  const { white_cell: white, red_cell: red } = item.answer.smear.counts;
  return `${white} white · ${red.toLocaleString("en-GB")} red`;
}

/** Return the mark of a field in the strip: as doubtful as its most doubtful part. */
export function fieldStatus({ answer: { smear } }) {
  const found = smear.cells.map((cell) => cell.prediction?.status);
  if (found.includes("unfamiliar")) return "unfamiliar";
  return smear.warnings.length || found.includes("check") ? "check" : "confident";
}

/** Return a ratio with its 95% interval: {value: "66", interval: "13 to 190"}. */
export function ratioWords(ratio) {
  if (!ratio) return { value: "–", interval: "no red cell to compare with" };
  const [value, low, high] = [ratio.value, ratio.low, ratio.high].map(figure);
  return { value, interval: `95% interval ${low} to ${high}` };
}

/** Return a number with no more digits than a count of cells bears: "0.083", "1.2", "66". */
export function figure(number) {
  if (number === 0) return "0";
  const digits = Math.max(0, 1 - Math.floor(Math.log10(number)));
  return number >= 100 ? Math.round(number).toLocaleString("en-GB") : number.toFixed(Math.min(digits, 4));
}

/** Return what the differential leaves out and why, or "" where it leaves nothing out. */
export function leftOutWords({ cut, unfamiliar }) {
  const cells = (count) => `${count} white ${count === 1 ? "cell" : "cells"}`;
  const parts = [cut && `${cells(cut)} cut by the border`, unfamiliar && `${cells(unfamiliar)} unlike any the model knows`];
  const said = parts.filter(Boolean);
  return said.length ? `Left out: ${said.join(", ")}.` : "";
}

/** Return how many cells the differential rests on, and what so few are worth. */
export function countedWords(counted) {
  if (counted === 0) return "No whole, familiar white cell to count.";
  const cells = `${counted.toLocaleString("en-GB")} white ${counted === 1 ? "cell" : "cells"} counted.`;
  return counted < 100 ? `${cells} Too few for a differential: 100 or more are usual.` : cells;
}

/** Return a warning's message; taken over several fields, with in how many it came up. */
export function warningWords({ message, fields }, read) {
  return fields ? `${message} (${fields} of ${read} ${read === 1 ? "field" : "fields"})` : message;
}

/** Return what a screen reader hears when a field has been read. */
export function fieldAnnouncement(item) {
  if (item.status === "failed") return `${item.name}: ${item.error.title}. ${item.error.detail}`;
  const { counts, warnings } = item.answer.smear;
  return [`${item.name}: ${countsWords(counts)}`, ...warnings.map(({ message }) => message)].join(". ");
}

/** Return what a screen reader hears when the keys come to a cell. */
export function cellAnnouncement(cell, place, total) {
  return `${cellLine(cell)}. ${place} of ${total}.`;
}

/** Return the name of the stage for a screen reader. */
export function fieldLabel(item) {
  if (!item) return "No field yet";
  if (!item.answer) return `${item.name}, not read yet`;
  return `${item.name}: ${countsWords(item.answer.smear.counts)}`;
}

/** Return how a field was read, for the small print. */
export function readWords({ milliseconds, detector }, roundTripMs) {
  return `Read in ${duration(milliseconds)}, ${duration(roundTripMs)} with the round trip. `
    + `Detector ${detector.name}, SHA-256 ${detector.sha256.slice(0, 12)}…`;
}
