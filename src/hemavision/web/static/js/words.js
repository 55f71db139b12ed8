/** Everything the page says that depends on a number or an error, in the page's language. Pure. */

/** What the server puts before a page's script: its language, English → words, and which form n takes. */
const page = { language: "en", words: {}, sentences: [], plural: (n) => Number(n !== 1), ...globalThis.hemavisionWords };
const { sentences, plural } = page;
const words = { __proto__: null, ...page.words };
export const language = page.language;
/** Of numbers and dates. */
export const locale = language === "en" ? "en-GB" : language;
const formats = new Map();
let patterns = null;

/** Return words in the page's language, each `{name}` filled in. The message is a literal: `make words` gathers it. */
export function _(message, values = {}) {
  return fill(words[message] || message, values);
}

/** Return the form of the words that `n` things take; `{n}` is their number. */
export function n_(one, many, n, values = {}) {
  return fill(words[one]?.[plural(n)] || (n === 1 ? one : many), { n, ...values });
}

/** Return a whole number in groups of three: "1,204", "1.204". */
export const whole = (value) => number(value, 0, true);

/**
 * Return a sentence that the API said in English in the page's language: as it stands in the catalogue, or as
 * one of its sentences with something filled in; a list is taken apart; otherwise as it was said.
 */
export function said(text) {
  if (!text || words[text]) return _(text ?? "");
  const small = text.charAt(0).toLowerCase() + text.slice(1);
  if (words[small]) return capital(_(small));
  for (const [pattern, ours] of (patterns ??= sentences.map(([looks, ours]) => [new RegExp(`^${looks}$`, "s"), ours]))) {
    const values = pattern.exec(text)?.groups;
    if (values) return fill(ours, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, said(value)])));
  }
  const joint = ["; ", ", "].find((one) => text.includes(one));
  if (joint) return text.split(joint).map(said).join(joint);
  return /^[+−-]?[\d,]+(\.\d+)?%?$/.test(text) ? text.replace(/[,.]/g, (sign) => _("1,234.5").at(sign === "," ? 1 : -2)) : text;
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Return a number as the page's language writes it, with so many decimals: "98.6", "98,6". */
export function number(value, digits, useGrouping = false) {
  const key = `${digits} ${useGrouping}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping }));
  }
  return formats.get(key).format(value);
}

const STATUS = {
  confident: [_("Confident"), _("As sure as where this model is nearly always right.")],
  check: [_("Check"), _("Not sure enough: a person should look.")],
  unfamiliar: [_("Unfamiliar"), _("Unlike anything the model was trained on. Do not rely on the name.")],
};

const FOREIGN = _("Stain and light are new to the model: check its answers here with more care.");

/** Return {word, advice} of a status. */
export function statusWords(status) {
  const [word, advice] = STATUS[status] ?? [status, ""];
  return { word, advice };
}

/** Return what to do with an answer: the status's advice, and why it asks for a look. */
export function advice(prediction) {
  const parts = [statusWords(prediction.status).advice];
  if (prediction.looked_elsewhere) parts.push(_("The heatmap lies outside the located cell."));
  if (prediction.foreign_colours) parts.push(FOREIGN);
  return parts.join(" ");
}

/** Return a probability as a percentage that never claims more than it knows: "98.6%", ">99.9%". */
export function percent(probability) {
  if (probability > 0.999) return percentage(`>${number(99.9, 1)}`);
  if (probability < 0.001) return percentage(`<${number(0.1, 1)}`);
  return shareWords(probability);
}

/** Return a share of what was counted as a percentage: "98.6%", "100.0%". */
export function shareWords(share) {
  return percentage(number(share * 100, 1));
}

/** Return a number that is written already as a percentage. */
export const percentage = (written) => _("{number}%", { number: written });

/** Return a duration in words: "31 ms", "1.4 s". */
export function duration(milliseconds) {
  if (milliseconds < 1000) return _("{number} ms", { number: Math.max(1, Math.round(milliseconds)) });
  return _("{number} s", { number: number(milliseconds / 1000, 1) });
}

/** Return a cell type as a title: "neutrophil" → "Neutrophil". */
export function title(name) {
  return capital(typeWords(name));
}

/** Return a cell type as it stands within a sentence: "immature granulocyte". A laboratory's own are as it calls them. */
export function typeWords(name) {
  return _(name.replaceAll("_", " "));
}

/** Return words with a capital at their beginning. */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Return what a heatmap is of: "immature granulocyte", "red granules" (of the prediction). */
export function mapWords(name, prediction) {
  const [attribute, value] = name.split("=");
  if (value === undefined) return typeWords(name);
  const seen = prediction.reasons?.attributes.find((entry) => entry.attribute === attribute);
  return seen?.value === value ? _(seen.words) : `${attribute.replaceAll("_", " ")} ${value}`;
}

/** Return the probability of what a heatmap is of. */
export function mapProbability(name, prediction) {
  const [attribute, value] = name.split("=");
  return value === undefined ? prediction.probabilities[name] : prediction.morphology[attribute][value];
}

/**
 * Return how strongly a heatmap is drawn, 0 to 1: by its probability against the likeliest of its kind.
 * What the model hardly believes in has evidence somewhere, too, and must not glow like an answer.
 */
export function mapStrength(name, prediction) {
  const [attribute, value] = name.split("=");
  const all = Object.values(value === undefined ? prediction.probabilities : prediction.morphology[attribute]);
  return Math.sqrt(mapProbability(name, prediction) / Math.max(...all, Number.MIN_VALUE));
}

/** Return what an attribute argues for: {word, side} with side "for", "against" or "neither". */
export function argument(weight, prediction) {
  const rival = prediction.reasons.compared_with;
  if (rival === null) return { word: _("a guess"), side: "neither" };
  if (Math.abs(weight) < 1) return { word: _("says little either way"), side: "neither" };
  const [side, name] = weight > 0 ? ["for", prediction.cell_type] : ["against", rival];
  return { word: _("speaks for {type}", { type: typeWords(name) }), side };
}

/** Return the sentence of contradictions, or "" where there are none. */
export function contradictionWords(prediction) {
  const found = prediction.reasons?.contradictions ?? [];
  if (!found.length) return "";
  const values = { type: typeWords(prediction.cell_type), found: found.map((words) => _(words)).join(", ") };
  return _("Called {type}, but read with {found}: check.", values);
}

/** Return a number with as many decimals as it has. */
const written = (value) => value.toLocaleString(locale, { maximumFractionDigits: 6, useGrouping: false });

/** Return a range of numbers: "1–4%", "2.0–7.0 ×10⁹/L". */
export function range([low, high], unit) {
  return `${written(low)}–${written(high)}${unit}`;
}

/** Return what a progress bar shows in words: "3 of 8 read, 1 could not be read". */
export function progressWords({ total, done, failed, finished }) {
  if (finished === 0) return n_("Reading {n} image", "Reading {n} images", total);
  const read = total === 1 && done === 1 ? _("1 image read") : _("{done} of {total} read", { done, total });
  return failed ? _("{read}, {failed} could not be read", { read, failed }) : read;
}

/** Least side of what is looked at, a cell and its rim, in a picture of it alone, in parts of the shorter side. */
const LEAST_SIDE = 0.45;

/** Say whether a picture shows far more than the cell that was named in it. */
export function isField({ box, width, height }) {
  return Math.max(box.right - box.left, box.bottom - box.top) < LEAST_SIDE * Math.min(width, height);
}

/** Return an answer as lines to paste into a report or a message; `notice` ends them. */
export function answerWords(name, prediction, notice) {
  const { status, cell_type: cellType, confidence, reasons, model } = prediction;
  const { word } = statusWords(status);
  const called = status === "unfamiliar" ? word : `${title(cellType)}, ${percent(confidence)} (${_(status)})`;
  const seen = status !== "unfamiliar" && reasons?.seen ? [_("Seen: {what}.", { what: said(reasons.seen) })] : [];
  const by = _("Model {name}, SHA-256 {sha256}.", model);
  return [`${name}: ${called}. ${advice(prediction)}`, ...seen, by, notice].join("\n");
}

/** Return what a screen reader hears when an answer arrives. */
export function announcement(item) {
  if (item.status === "failed") return `${item.name}: ${item.error.title}. ${item.error.detail}`;
  const { cell_type: cellType, confidence, status } = item.answer.prediction;
  const { word, advice } = statusWords(status);
  const seen = item.answer.prediction.reasons?.seen;
  const looks = seen ? ` ${_("Seen: {what}.", { what: said(seen) })}` : "";
  if (status === "unfamiliar") return `${item.name}: ${word}. ${advice}`;
  return `${item.name}: ${typeWords(cellType)}, ${percent(confidence)}. ${word}. ${advice}${looks}`;
}

/** Return an error for a person out of a problem (RFC 9457) or of nothing better than a code. */
export function problemWords(problem, code) {
  const fallback = code ? _("The server answered {code} without saying why.", { code }) : "";
  return {
    title: said(problem?.title) || _("This image could not be read"),
    detail: said(problem?.detail) || fallback,
  };
}

export const UNREACHABLE = Object.freeze({
  title: _("The server cannot be reached"),
  detail: _("Check that `hemavision serve` is still running, then try again."),
});

/** Return the error for a file that is larger than the server takes, or null. */
export function tooLarge(bytes, maxMb) {
  const megabytes = bytes / 2 ** 20;
  if (megabytes <= maxMb) return null;
  return {
    title: _("This file is too large"),
    detail: _("It has {size} MB; the server takes up to {most} MB.", { size: number(megabytes, 1), most: maxMb }),
  };
}

/** Say whether a file is one of the page's own drawings: their names begin so. */
export function isSynthetic(name) {
  return name.startsWith("synthetic-");
}

/** Return what the stage says of a type for which the model found no evidence at all. */
export function noEvidence(what) {
  return _("Nothing in this image speaks for {what}", { what });
}

/** How the protocols of laboratories never seen begin, as the server names them. */
const ABROAD = "lab-out:";

/**
 * Return what a model scored, all its protocols in one line, so that a figure that flatters never
 * stands without the honest one beside it: laboratories never seen come first, together.
 */
export function figures({ name, metrics }) {
  const every = Object.entries(metrics ?? {});
  const abroad = every.filter(([protocol]) => protocol.startsWith(ABROAD)).map(([, found]) => found.accuracy);
  const scored = every.filter(([protocol]) => !protocol.startsWith(ABROAD)).map(([protocol, found]) => {
    const interval = found.intervals?.accuracy;
    const values = { protocol, share: percent(found.accuracy) };
    if (!interval) return _("{protocol}: {share} of images right", values);
    const [low, high] = interval.map(percent);
    return _("{protocol}: {share} ({low} to {high}) of images right", { ...values, low, high });
  });
  if (abroad.length) {
    const values = { n: abroad.length, least: percent(Math.min(...abroad)), most: percent(Math.max(...abroad)) };
    scored.unshift(
      _("{n} laboratories never seen, each by a network taught without it: {least} to {most} of images right", values),
    );
  }
  return _("Model {name}. {figures}.", { name, figures: scored.join("; ") || _("Its file carries no figures") });
}

/** Return the name for a file made from an image: "a.b.jpg", "overlay.png" → "a.b-overlay.png". */
export function derivedName(name, ending) {
  return `${name.replace(/\.[^.]*$/, "")}-${ending}`;
}

/** Return what brings cleared images back. */
export const restoreWords = (count) => n_("Bring back the image", "Bring back {n} images", count);

/** Return which zoom the page is at: "1.0×". */
export function zoomWords(zoom) {
  return `${number(zoom, 1)}×`;
}
