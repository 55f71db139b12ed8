/** Wires the page: events come up from the components, the state goes down to them. */

import { cellTypes, classify, createApi, defaultModel, everyPage, fetchSample, loginAddress, Problem } from "./api.js";
import { copyAnswer, mountAnswer, mountContext, mountFieldHint, mountKeeping, mountReasons } from "./components/answer.js";
import { tell, write } from "./components/dom.js";
import { mountDrift } from "./components/drift.js";
import { mountIntake } from "./components/intake.js";
import { mountStrip } from "./components/strip.js";
import { mountControls, mountViewer } from "./components/viewer.js";
import { decode, handOver, toRecords } from "./intake.js";
import { createQueue } from "./queue.js";
import { answerJson, compose, keepInCase, save } from "./saving.js";
import { createStore, selectedItem, shownType } from "./state.js";
import { _, announcement, derivedName, figures, mapStrength, restoreWords, tooLarge } from "./words.js";

const AT_ONCE = 2;

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const store = createStore();
const enqueue = createQueue(AT_ONCE);
const api = createApi(() => window.location.assign(loginAddress(window.location)));
const keeping = mountKeeping(part("keep"));
const maxBodyMb = Number(document.body.dataset.maxBodyMb);

function addFiles(files, pasted) {
  for (const item of store.state.cleared) URL.revokeObjectURL(item.url);
  const known = store.state.nextId;
  const wasEmpty = store.state.items.length === 0;
  store.dispatch({ type: "added", files: toRecords(files, pasted) });
  if (wasEmpty) part("strip").querySelector("[aria-selected=true]")?.focus({ preventScroll: true });
  for (const item of store.state.items) if (item.id >= known) enqueue(() => read(item));
}

async function read(item) {
  const gone = () => !store.state.items.some((other) => other.id === item.id);
  if (gone()) return;
  store.dispatch({ type: "reading", id: item.id });
  const previewable = (await decode(item.url)) !== null;
  if (gone()) return;
  store.dispatch({ type: "previewed", id: item.id, previewable });
  const action = await ask(item, previewable);
  if (gone()) return;
  store.dispatch(action);
  write(part("announcer"), announcement(store.state.items.find(({ id }) => id === item.id)));
}

/** Return what happened to an image as an action: every trouble ends in words beside it. */
async function ask(item, previewable) {
  const large = tooLarge(item.file.size, maxBodyMb);
  if (large) return { type: "failed", id: item.id, error: large };
  const started = performance.now();
  try {
    const answer = await classify(item.file, item.name, !previewable);
    const roundTripMs = performance.now() - started;
    const original = previewable ? null : answer.overlay;
    return { type: "answered", id: item.id, answer, original, roundTripMs };
  } catch (error) {
    const words = error.words ?? { title: _("The page could not use the answer"), detail: error.message };
    return { type: "failed", id: item.id, error: words };
  }
}

async function download(kind) {
  const item = selectedItem(store.state);
  if (!item?.answer) return;
  if (kind === "words") {
    await copyAnswer(part("answer"), item);
    return;
  }
  if (kind === "json") {
    const blob = new Blob([answerJson(item.answer)], { type: "application/json" });
    save(blob, derivedName(item.name, "hemavision.json"));
    return;
  }
  const type = shownType(store.state);
  const picture = await decode(item.original ?? item.url);
  const canvas = compose(picture, item.answer, type, store.state.opacity * mapStrength(type, item.answer.prediction));
  save(await canvas.convertToBlob({ type: "image/png" }), derivedName(item.name, `${type.replace("=", "-").replaceAll(" ", "-")}-heatmap.png`));
}

async function addSample({ url, name }) {
  try {
    addFiles([await fetchSample(url, name)]);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    write(part("hero-error"), error.message);
  }
}

function clear() {
  store.dispatch({ type: "cleared" });
  part("hero").querySelector("button").focus();
}

function restore() {
  store.dispatch({ type: "restored" });
  part("strip").querySelector("[aria-selected=true]")?.focus({ preventScroll: true });
  for (const item of store.state.items) if (!["done", "failed"].includes(item.status)) enqueue(() => read(item));
}

/** Ask where an image goes; whoever has to log in first does, and comes back. */
async function askToKeep({ isWrong }) {
  const item = selectedItem(store.state);
  try {
    await api.session();
    const cases = await everyPage(api.get, "/cases", "cases");
    keeping.open(item, isWrong, cases.filter(({ state }) => state !== "signed"));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    store.dispatch({ type: "kept", id: item.id, kept: { trouble: error.message } });
  }
}

async function keep({ itemId, ...wish }) {
  const item = store.state.items.find(({ id }) => id === itemId);
  if (!item) return;
  try {
    const kept = await keepInCase(api, item.file, wish);
    store.dispatch({ type: "kept", id: itemId, kept: { ...kept, type: wish.type } });
    keeping.close();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    keeping.fail(error.message);
  }
}

async function toSmear() {
  await handOver([selectedItem(store.state).file]);
  window.location.assign("/smear#handed-over");
}

function listen() {
  const send = (name, type) => document.addEventListener(name, ({ detail }) => store.dispatch({ type, ...detail }));
  send("item-selected", "selected");
  send("item-moved", "moved");
  send("cell-type-chosen", "typeChosen");
  send("opacity-changed", "opacityChanged");
  send("mode-chosen", "modeChosen");
  send("box-toggled", "boxToggled");
  send("view-changed", "viewChanged");
  document.addEventListener("files-chosen", ({ detail }) => addFiles(detail.files, detail.pasted));
  document.addEventListener("sample-chosen", ({ detail }) => addSample(detail));
  document.addEventListener("clear", clear);
  document.addEventListener("restore", restore);
  document.addEventListener("field-wanted", toSmear);
  document.addEventListener("keep-wanted", ({ detail }) => askToKeep(detail));
  document.addEventListener("keep-confirmed", ({ detail }) => keep(detail));
  document.addEventListener("download", ({ detail }) => download(detail.kind));
  document.addEventListener("retry", () => {
    const item = selectedItem(store.state);
    enqueue(() => read(item));
  });
  document.addEventListener("zoom-wanted", ({ detail }) => tell(part("viewer"), "zoom-asked", detail));
}

function mount() {
  const updates = [
    mountStrip(part("strip")), mountViewer(part("viewer")), mountControls(part("controls")),
    mountAnswer(part("answer")), mountFieldHint(part("field-hint")), mountReasons(part("reasons")), mountContext(part("context")),
  ];
  mountIntake(document.body, { picker: part("picker"), veil: part("veil") });
  mountDrift(part("drift"));
  store.subscribe((state, before) => {
    const empty = state.items.length === 0;
    part("hero").hidden = !empty;
    part("workspace").hidden = empty;
    part("restore").hidden = state.cleared.length === 0;
    write(part("restore").querySelector("button"), restoreWords(state.cleared.length));
    for (const update of updates) update(state, before);
  });
}

mount();
listen();
cellTypes().then(
  (loaded) => store.dispatch({ type: "contextLoaded", cellTypes: loaded }),
  (error) => store.dispatch({ type: "contextFailed", error: error.message }),
);
defaultModel().then(
  (model) => write(part("model-line"), figures(model)),
  (error) => write(part("model-line"), error.message),
);
