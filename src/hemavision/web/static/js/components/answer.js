/** What a page says of one cell: the answer, the reasons, the clinical context. */

import { selectedItem, shownType } from "../state.js";
import {
  _, advice, answerWords, argument, capital, contradictionWords, duration, isField, isSynthetic, number, percent, percentage,
  range, said, statusWords, title, typeWords,
} from "../words.js";
import { make, role, tell, write } from "./dom.js";

const COPIED_MS = 2500;
/** What a case is called that holds what readers corrected, unless they say otherwise. */
const CORRECTIONS = _("Corrections");
const MAPS_WORDS = ` ${_("Choose one to see where it was read.")}`;
const UNFAMILIAR = "unfamiliar";

/**
 * The named type, how sure, the bars of all types, downloads, or the trouble in words. Of what is
 * unfamiliar that is all that is said: the guess is folded away.
 */
export function mountAnswer(element) {
  element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.download) tell(element, "download", { kind: button.dataset.download });
    if (button?.dataset.action === "retry") tell(element, "retry");
    if (button?.dataset.keep) tell(element, "keep-wanted", { isWrong: button.dataset.keep === "wrong" });
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
    for (const button of element.querySelectorAll("[data-download], [data-keep]")) button.disabled = !item.answer;
    element.querySelector(".keep-acts").hidden = failed;
    role(element, "kept").replaceChildren(...(item.kept ? keptParts(item.kept) : []));
  };
}

function keptParts({ id, name, type, kind, trouble }) {
  if (trouble) return [trouble];
  const values = { type: type && typeWords(type), name };
  const words = kind === "duplicate"
    ? (type ? _("It is there already; as {type} in {name}.", values) : _("It is there already; in {name}.", values))
    : (type ? _("Kept as {type} in {name}.", values) : _("Kept in {name}.", values));
  return [`${words} `, make("a", { href: `/cases/${id}`, textContent: _("Open the case") })];
}

/**
 * The dialog that keeps an image in a case. Return {open(item, isWrong, cases), fail(words), close()}. Says
 * `keep-confirmed` with {itemId, caseId, name, type}.
 */
export function mountKeeping(dialog) {
  const form = dialog.querySelector("form");
  const { case: which, name, type } = form.elements;
  let itemId = null;
  const fresh = () => {
    role(dialog, "new-name").hidden = which.value !== "";
    name.required = which.value === "";
  };
  which.addEventListener("change", fresh);
  dialog.addEventListener("click", ({ target }) => target.closest("[data-action=cancel]") && dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const caseId = which.value ? Number(which.value) : null;
    tell(dialog, "keep-confirmed", { itemId, caseId, name: name.value.trim(), type: type.value || null });
  });
  return {
    open(item, isWrong, cases) {
      itemId = item.id;
      write(role(dialog, "title"), isWrong ? _("What is it?") : _("Send to a case"));
      write(role(dialog, "words"), isWrong
        ? _("The image goes into a case with your word for it: `hemavision cases export` makes training images of such cases.")
        : _("The image goes into a case as it is, to be reviewed there with others."));
      write(role(dialog, "trouble"), "");
      which.replaceChildren(
        ...cases.map((one) => make("option", { value: String(one.id), textContent: one.slide ? `${one.name} · ${one.slide}` : one.name })),
        make("option", { value: "", textContent: _("New case…") }));
      const own = isWrong ? cases.find((one) => one.name === CORRECTIONS) : null;
      which.value = own ? String(own.id) : "";
      name.value = isWrong ? CORRECTIONS : item.name.replace(/\.[^.]*$/, "");
      type.required = isWrong;
      type.value = "";
      role(dialog, "undecided").textContent = isWrong ? _("choose") : _("not decided yet");
      fresh();
      dialog.showModal();
      (isWrong ? type : which).focus();
    },
    fail: (words) => write(role(dialog, "trouble"), words),
    close: () => dialog.close(),
  };
}

/** Put an answer in words on the clipboard, and say so on the button for a moment. */
export async function copyAnswer(element, { name, answer }) {
  const label = role(element, "copy-words");
  try {
    await navigator.clipboard.writeText(answerWords(name, answer.prediction, element.querySelector(".notice").textContent));
    write(label, _("Copied"));
  } catch {
    write(label, _("Not allowed here")); // the browser gives the clipboard to this machine's own pages and to TLS alone
  }
  setTimeout(() => write(label, _("Copy")), COPIED_MS);
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
  write(role(element, "status-word"), prediction ? statusWords(prediction.status).word : _("Reading"));
  write(role(element, "status-words"), prediction ? advice(prediction) : "");
  const unfamiliar = prediction?.status === "unfamiliar";
  if (element.dataset.shown !== item.name + String(unfamiliar)) {
    element.dataset.shown = item.name + String(unfamiliar);
    role(element, "chances").open = !unfamiliar;
  }
  write(role(element, "chances-title"), unfamiliar ? _("A guess, not to be relied on") : _("All types"));
  write(role(element, "cell-type"), prediction ? headline(prediction) : "\u00a0");
  write(role(element, "confidence"), prediction && !unfamiliar ? percent(prediction.confidence) : "–");
  write(role(element, "familiarity"), prediction ? number(prediction.familiarity, 2) : "–");
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
  const time = duration(prediction.milliseconds);
  if (roundTripMs === null) return _("Read in {time}", { time });
  return _("Read in {time}, {whole} with the round trip", { time, whole: duration(roundTripMs) });
}

function modelLine({ name, sha256 }) {
  return _("Model {name}, SHA-256 {digest}…", { name, digest: sha256.slice(0, 12) });
}

/** Where a picture shows far more than the cell that was named: the way to the Smear page. Says `field-wanted`. */
export function mountFieldHint(element) {
  element.addEventListener("click", ({ target }) => target.closest("button") && tell(element, "field-wanted"));
  return function update(state) {
    const prediction = selectedItem(state)?.answer?.prediction;
    element.hidden = !prediction || !isField(prediction);
  };
}

/**
 * What was seen of the cell: a line of words, and each attribute with its map at a click. Without
 * `hasMaps` the attributes are read, not pressed: their maps did not come along.
 */
export function mountReasons(element, { hasMaps = true } = {}) {
  const list = role(element, "attributes");
  let shown = null;

  list.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    const pressed = button.getAttribute("aria-pressed") === "true";
    tell(element, "cell-type-chosen", { cellType: pressed ? null : button.dataset.map });
  });

  return function update(state) {
    const prediction = selectedItem(state)?.answer?.prediction ?? null;
    const reasons = prediction?.reasons ?? null;
    // What speaks for a type that should not be relied on is no reason.
    element.hidden = !reasons || prediction.status === "unfamiliar";
    if (element.hidden) return;
    if (reasons !== shown) {
      shown = reasons;
      fillReasons(element, list, prediction, hasMaps);
    }
    for (const button of list.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.map === shownType(state)));
    }
  };
}

function fillReasons(element, list, prediction, hasMaps) {
  const { reasons } = prediction;
  role(element, "seen").hidden = !reasons.seen;
  write(role(element, "seen"), capital(said(reasons.seen)));
  const contradiction = contradictionWords(prediction);
  role(element, "contradiction").hidden = !contradiction;
  write(role(element, "contradiction-words"), contradiction);
  write(role(element, "compared"), `${compared(prediction)}${hasMaps ? MAPS_WORDS : ""}`);
  list.replaceChildren(...reasons.attributes.map((reason) => reasonRow(reason, prediction, hasMaps)));
}

function compared({ cell_type: cellType, reasons }) {
  if (reasons.compared_with === null) {
    return _("The model was never taught the looks of this type ({type}): take these as a guess.", { type: typeWords(cellType) });
  }
  const [one, other] = [cellType, reasons.compared_with].map(typeWords);
  return _("Each attribute, and whether it speaks for {one} or for {other}, the next type whose looks it was taught.", { one, other });
}

function reasonRow(reason, prediction, hasMaps) {
  const { word, side } = argument(reason.weight, prediction);
  const card = make(
    hasMaps ? "button" : "div", { className: "attribute" },
    make("span", { className: "attribute-words", textContent: capital(_(reason.words)) }),
    make("span", { className: "attribute-share", textContent: percent(reason.probability) }),
    make("span", { className: "attribute-side", textContent: word }),
  );
  card.dataset.side = side;
  if (hasMaps) {
    card.type = "button";
    card.dataset.map = `${reason.attribute}=${reason.value}`;
  }
  return make("li", {}, card);
}

/** The clinical context of the named type: ranges, function, what high and low may mean. */
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
    if (entry) body.replaceChildren(...contextCard(entry));
    else body.replaceChildren(make("p", { className: "quiet", textContent: missing(name, state) }));
  };
}

function missing(name, state) {
  if (name === UNFAMILIAR) return _("Unlike anything the model was trained on: what a type may mean says nothing here.");
  if (state.contextError) return _("No clinical context: {why}", { why: state.contextError });
  if (name) return _("No clinical context is known for {type}.", { type: typeWords(name) });
  return _("What this cell does appears here with the answer.");
}

function contextCard(entry) {
  const rows = [
    [_("What it does"), entry.function],
    [_("A high count may mean"), entry.significance.high],
    [_("A low count may mean"), entry.significance.low],
  ].filter(([, words]) => words);
  return [
    make("h3", { className: "context-name", textContent: title(entry.name) }),
    ranges(entry),
    make("dl", {}, ...rows.flatMap(([term, words]) => [
      make("dt", { textContent: term }),
      make("dd", { textContent: [words].flat().map(said).join(", ") }),
    ])),
    make("p", { className: "source", textContent: _("Source: {source}", { source: said(entry.source) }) }),
  ];
}

function ranges(entry) {
  if (!entry.percent) {
    return make("div", { className: "range" }, make("p", { className: "quiet", textContent: _("No reference range in this profile.") }));
  }
  const [low, high] = entry.percent;
  const bar = make("i");
  bar.style.setProperty("left", `${low}%`);
  bar.style.setProperty("width", `${high - low}%`);
  const scale = make("div", { className: "range-scale" }, bar);
  scale.setAttribute("aria-hidden", "true");
  const share = make("strong", { textContent: percentage(range(entry.percent, "")) });
  const text = _("of white cells in adults' blood");
  return make(
    "div", { className: "range" },
    make("p", {}, share, ` ${text}${entry.absolute ? `, ${range(entry.absolute, " ×10⁹/L")}` : ""}`),
    scale,
    make("p", { className: "source", textContent: _("Reference profile: {name}", { name: entry.profile }) }),
  );
}
