/**
 * The named type, how sure, the bars of all types, downloads, or the trouble in words. Of what is
 * unfamiliar that is all that is said: the guess is folded away.
 */

import { selectedItem } from "../state.js";
import { advice, answerWords, duration, isSynthetic, percent, statusWords, title } from "../words.js";
import { role, tell, write } from "./dom.js";

const COPIED_MS = 2500;

export function mountAnswer(element) {
  element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.download) tell(element, "download", { kind: button.dataset.download });
    if (button?.dataset.action === "retry") tell(element, "retry");
  });

  return function update(state) {
    const item = selectedItem(state);
    if (!item) return;
    const failed = item.status === "failed";
    write(role(element, "file-name"), item.name);
    role(element, "synthetic").hidden = !isSynthetic(item.name);
    for (const name of ["verdict", "chances"]) role(element, name).hidden = failed;
    element.querySelector(".downloads").hidden = failed;
    role(element, "trouble").hidden = !failed;
    if (failed) showTrouble(element, item);
    else showAnswer(element, item);
    for (const button of element.querySelectorAll("[data-download]")) button.disabled = !item.answer;
  };
}

/** Put an answer in words on the clipboard, and say so on the button for a moment. */
export async function copyAnswer(element, { name, answer }) {
  const label = role(element, "copy-words");
  try {
    await navigator.clipboard.writeText(answerWords(name, answer.prediction, element.querySelector(".notice").textContent));
    write(label, "Copied");
  } catch {
    write(label, "Not allowed here"); // the browser gives the clipboard to this machine's own pages and to TLS alone
  }
  setTimeout(() => write(label, "Copy"), COPIED_MS);
}

function showTrouble(element, item) {
  element.dataset.status = "failed";
  write(role(element, "trouble-title"), item.error.title);
  write(role(element, "trouble-words"), item.error.detail);
  write(role(element, "latency"), "");
  write(role(element, "model"), "");
}

function showAnswer(element, item) {
  const prediction = item.answer?.prediction ?? null;
  element.dataset.status = prediction?.status ?? "reading";
  write(role(element, "status-word"), prediction ? statusWords(prediction.status).word : "Reading");
  write(role(element, "status-words"), prediction ? advice(prediction) : "");
  const unfamiliar = prediction?.status === "unfamiliar";
  if (element.dataset.shown !== item.name + String(unfamiliar)) {
    element.dataset.shown = item.name + String(unfamiliar);
    role(element, "chances").open = !unfamiliar;
  }
  write(role(element, "chances-title"), unfamiliar ? "A guess, not to be relied on" : "All types");
  write(role(element, "cell-type"), prediction ? headline(prediction) : "\u00a0");
  write(role(element, "confidence"), prediction && !unfamiliar ? percent(prediction.confidence) : "–");
  write(role(element, "familiarity"), prediction ? prediction.familiarity.toFixed(2) : "–");
  for (const bar of element.querySelectorAll("[data-bar]")) {
    showBar(bar, prediction?.probabilities[bar.dataset.bar] ?? null, prediction?.cell_type);
  }
  write(role(element, "latency"), prediction ? latency(prediction, item.roundTripMs) : "\u00a0");
  write(role(element, "model"), prediction ? modelLine(prediction.model) : "\u00a0");
}

function headline({ status, cell_type: cellType }) {
  return status === "unfamiliar" ? statusWords(status).word : title(cellType);
}

function showBar(bar, probability, predicted) {
  bar.classList.toggle("best", bar.dataset.bar === predicted);
  bar.querySelector("i").style.setProperty("transform", `scaleX(${probability ?? 0})`);
  write(bar.querySelector(".bar-value"), probability === null ? "–" : percent(probability));
}

function latency(prediction, roundTripMs) {
  const read = `Read in ${duration(prediction.milliseconds)}`;
  return roundTripMs === null ? read : `${read}, ${duration(roundTripMs)} with the round trip`;
}

function modelLine({ name, sha256 }) {
  return `Model ${name}, SHA-256 ${sha256.slice(0, 12)}…`;
}
