/** Everything the page says that depends on a number or an error. Pure. */

const STATUS = {
  confident: ["Confident", "As sure as where this model is nearly always right."],
  check: ["Check", "Not sure enough: a person should look."],
  unfamiliar: ["Unfamiliar", "Unlike anything the model was trained on. Do not rely on the name."],
};

const FOREIGN =
  "Stain and light are new to the model: check its answers here with more care.";

/** Return {word, advice} of a status. */
export function statusWords(status) {
  const [word, advice] = STATUS[status] ?? [status, ""];
  return { word, advice };
}

/** Return what to do with an answer: the status's advice, and why it asks for a look. */
export function advice(prediction) {
  const parts = [statusWords(prediction.status).advice];
  if (prediction.looked_elsewhere) parts.push("The heatmap lies outside the located cell.");
  if (prediction.foreign_colours) parts.push(FOREIGN);
  return parts.join(" ");
}

/** Return a probability as a percentage that never claims more than it knows: "98.6%", ">99.9%". */
export function percent(probability) {
  if (probability > 0.999) return ">99.9%";
  if (probability < 0.001) return "<0.1%";
  return shareWords(probability);
}

/** Return a share of what was counted as a percentage: "98.6%", "100.0%". */
export function shareWords(share) {
  return `${(share * 100).toFixed(1)}%`;
}

/** Return a duration in words: "31 ms", "1.4 s". */
export function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.max(1, Math.round(milliseconds))} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Return a cell type as a title: "neutrophil" → "Neutrophil". */
export function title(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Return what a heatmap is of: "immature granulocyte", "red granules" (of the prediction). */
export function mapWords(name, prediction) {
  const [attribute, value] = name.split("=");
  if (value === undefined) return name.replaceAll("_", " ");
  const seen = prediction.reasons?.attributes.find((entry) => entry.attribute === attribute);
  return seen?.value === value ? seen.words : `${attribute.replaceAll("_", " ")} ${value}`;
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
  if (rival === null) return { word: "a guess", side: "neither" };
  if (Math.abs(weight) < 1) return { word: "says little either way", side: "neither" };
  const [side, name] = weight > 0 ? ["for", prediction.cell_type] : ["against", rival];
  return { word: `speaks for ${name.replaceAll("_", " ")}`, side };
}

/** Return the sentence of contradictions, or "" where there are none. */
export function contradictionWords(prediction) {
  const found = prediction.reasons?.contradictions ?? [];
  if (!found.length) return "";
  return `Called ${prediction.cell_type.replaceAll("_", " ")}, but read with ${found.join(", ")}: check.`;
}

/** Return a range of numbers: "1–4%", "2.0–7.0 ×10⁹/L". */
export function range([low, high], unit) {
  return `${low}–${high}${unit}`;
}

/** Return what a progress bar shows in words: "3 of 8 read, 1 could not be read". */
export function progressWords({ total, done, failed, finished }) {
  if (finished === 0) return total === 1 ? "Reading 1 image" : `Reading ${total} images`;
  const read = total === 1 && done === 1 ? "1 image read" : `${done} of ${total} read`;
  return failed ? `${read}, ${failed} could not be read` : read;
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
  const called = status === "unfamiliar" ? word : `${title(cellType)}, ${percent(confidence)} (${word.toLowerCase()})`;
  const seen = status !== "unfamiliar" && reasons?.seen ? [`Seen: ${reasons.seen}.`] : [];
  return [`${name}: ${called}. ${advice(prediction)}`, ...seen, `Model ${model.name}, SHA-256 ${model.sha256}.`, notice].join("\n");
}

/** Return what a screen reader hears when an answer arrives. */
export function announcement(item) {
  if (item.status === "failed") return `${item.name}: ${item.error.title}. ${item.error.detail}`;
  const { cell_type: cellType, confidence, status } = item.answer.prediction;
  const { word, advice } = statusWords(status);
  const seen = item.answer.prediction.reasons?.seen;
  const looks = seen ? ` Seen: ${seen}.` : "";
  if (status === "unfamiliar") return `${item.name}: ${word}. ${advice}`;
  return `${item.name}: ${cellType.replaceAll("_", " ")}, ${percent(confidence)}. ${word}. ${advice}${looks}`;
}

/** Return an error for a person out of a problem (RFC 9457) or of nothing better than a code. */
export function problemWords(problem, code) {
  const fallback = code ? `The server answered ${code} without saying why.` : "";
  return {
    title: problem?.title || "This image could not be read",
    detail: problem?.detail || fallback,
  };
}

export const UNREACHABLE = Object.freeze({
  title: "The server cannot be reached",
  detail: "Check that `hemavision serve` is still running, then try again.",
});

/** Return the error for a file that is larger than the server takes, or null. */
export function tooLarge(bytes, maxMb) {
  const megabytes = bytes / 2 ** 20;
  if (megabytes <= maxMb) return null;
  return {
    title: "This file is too large",
    detail: `It has ${megabytes.toFixed(1)} MB; the server takes up to ${maxMb} MB.`,
  };
}

/** Say whether a file is one of the page's own drawings: their names begin so. */
export function isSynthetic(name) {
  return name.startsWith("synthetic-");
}

/** Return what the stage says of a type for which the model found no evidence at all. */
export function noEvidence(what) {
  return `Nothing in this image speaks for ${what}`;
}

/**
 * Return what a model scored, all its protocols in one line, so that a figure that flatters never
 * stands without the honest one beside it.
 */
export function figures({ name, metrics }) {
  const scored = Object.entries(metrics ?? {}).map(([protocol, found]) => {
    const interval = found.intervals?.accuracy;
    const spread = interval ? ` (${percent(interval[0])} to ${percent(interval[1])})` : "";
    return `${protocol}: ${percent(found.accuracy)}${spread} of images right`;
  });
  return `Model ${name}. ${scored.join("; ") || "Its file carries no figures"}.`;
}

/** Return the name for a file made from an image: "a.b.jpg", "overlay.png" → "a.b-overlay.png". */
export function derivedName(name, ending) {
  return `${name.replace(/\.[^.]*$/, "")}-${ending}`;
}

/** Return what brings cleared images back. */
export const restoreWords = (count) => `Bring back ${count === 1 ? "the image" : `${count} images`}`;

/** Return which zoom the page is at: "1.0×". */
export function zoomWords(zoom) {
  return `${zoom.toFixed(1)}×`;
}
