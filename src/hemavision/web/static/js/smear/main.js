/** Wires the Smear page: events come up from the components, the state goes down to them. */

import { cellTypes, defaultModel, fetchSample, Problem } from "../api.js";
import { copyAnswer, mountAnswer, mountContext, mountReasons } from "../components/answer.js";
import { stillness, tell, write } from "../components/dom.js";
import { mountDrift } from "../components/drift.js";
import { mountIntake } from "../components/intake.js";
import { mountStrip } from "../components/strip.js";
import { takeOver, toRecords } from "../intake.js";
import { createPump } from "../queue.js";
import { createStore, selectedItem, ZOOM_FIT } from "../state.js";
import { focusOn, oneToOne, reveal } from "../viewport.js";
import { _, figures } from "../words.js";
import { mountExports, mountLayers, mountProgress } from "./components/controls.js";
import { mountField } from "./components/field.js";
import { mountCellList, mountGallery } from "./components/gallery.js";
import { mountCard, mountCounts } from "./components/panel.js";
import { createPictures, createTiles } from "./pictures.js";
import { createReader } from "./reading.js";
import { saveCell, saveExport } from "./saving.js";
import { cardState, initialState, reduce, shownCell, walk } from "./state.js";
import { cellAnnouncement, fieldAnnouncement, fieldStatus, fieldWords } from "./words.js";

const AT_ONCE = 2;

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const store = createStore(initialState, reduce);
const openPicture = createPictures();
const tiles = createTiles(openPicture);
const stage = mountField(part("field"), openPicture);
const say = (words) => write(part("announcer"), words);

const read = createReader(store, Number(document.body.dataset.maxBodyMb), (item) => {
  say(fieldAnnouncement(item));
  if (item.answer) tiles.cut(item);
});
const pump = createPump({ limit: AT_ONCE, next: takeNext, run: read });

/** Return the next field to read, marked as being read, or null. */
function takeNext() {
  const item = store.state.items.find(({ status }) => status === "waiting") ?? null;
  if (item) store.dispatch({ type: "reading", id: item.id });
  return item;
}

function addFiles(files, pasted) {
  const wasEmpty = store.state.items.length === 0;
  store.dispatch({ type: "added", files: toRecords(files, pasted) });
  if (wasEmpty) part("strip").querySelector("[aria-selected=true]")?.focus({ preventScroll: true });
  if (!store.state.stopped) pump.go();
}

async function addSample({ url, name }) {
  try {
    addFiles([await fetchSample(url, name)]);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    write(part("hero-error"), error.message);
  }
}

/** Outside the pump: a person who stopped it wants this one field. */
function retry() {
  const item = selectedItem(store.state);
  store.dispatch({ type: "reading", id: item.id });
  read(item);
}

function clear() {
  for (const item of store.state.items) URL.revokeObjectURL(item.url);
  store.dispatch({ type: "cleared" });
  part("hero").querySelector("button").focus();
}

function step({ by, along }) {
  store.dispatch({ type: "cellStepped", by, along });
  const cell = shownCell(store.state);
  if (!cell) return;
  tellOf(cell, along);
  show(cell);
}

/** Let a screen reader hear of a cell, and where it stands among those that the keys walk. */
function tellOf(cell, along = cell.prediction ? "reading" : "all") {
  const cells = walk(store.state, along);
  say(cellAnnouncement(cell, cells.indexOf(cell) + 1, cells.length));
}

/** Bring a cell that is out of sight into it. */
function show(cell) {
  const { image, size } = stage.scene;
  glide(reveal(store.state.view, cell.box, image, size));
}

function glide(view) {
  if (view !== store.state.view) tell(part("field"), "glide", { view });
}

function openCard(id = store.state.cellId) {
  if (id === null) step({ by: 1, along: "reading" });
  store.dispatch({ type: "cardOpened", id: id ?? store.state.cellId });
  const cell = shownCell(store.state);
  if (!cell) return;
  tellOf(cell);
  show(cell);
  if (isBelow(part("card"))) bringUp(part("card"), "start");
}

function closeCard() {
  const inside = part("card").contains(document.activeElement);
  store.dispatch({ type: "cardClosed" });
  if (inside) part("field").focus({ preventScroll: true });
  bringUp(part("field"), "nearest");
}

/** Say whether hardly anything of an element can be seen: on a phone the card lies below the field. */
function isBelow(element) {
  return element.getBoundingClientRect().top > window.innerHeight * 0.6;
}

function bringUp(element, block) {
  element.scrollIntoView({ block, behavior: stillness.matches ? "auto" : "smooth" });
}

function leaveCell() {
  if (store.state.cardOpen) closeCard();
  else store.dispatch({ type: "cellChosen", id: null });
}

function jump({ fieldId, cellId }) {
  store.dispatch({ type: "jumped", fieldId, cellId });
  const cell = shownCell(store.state);
  const { image, size } = stage.scene;
  tellOf(cell);
  glide(focusOn(cell.box, image, size));
  bringUp(part("field"), "nearest");
}

function zoom({ direction }) {
  const { image, size } = stage.scene;
  if (!image) return;
  const cell = shownCell(store.state);
  if (direction === "fit") glide(ZOOM_FIT);
  else if (direction === "whole") glide(oneToOne(store.state.view, image, size));
  else if (direction === "cell") glide(cell ? focusOn(cell.box, image, size) : store.state.view);
  else tell(part("field"), "zoom-asked", { direction });
}

async function download({ kind }) {
  const item = selectedItem(store.state);
  if (kind === "words") {
    const { id, prediction } = shownCell(store.state);
    await copyAnswer(part("answer"), { name: _("{name}, cell {number}", { name: item.name, number: id }), answer: { prediction } });
    return;
  }
  const picture = await openPicture(item);
  await saveCell(item, shownCell(store.state), kind, { picture, opacity: store.state.opacity });
}

async function exportFields({ format }) {
  const { items, scope } = store.state;
  const chosen = scope === "all" ? items : [selectedItem(store.state)];
  const told = (words) => tell(part("exports"), "export-told", { words });
  told("");
  try {
    await saveExport(chosen.filter(({ answer }) => answer), format);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    told(error.message);
  }
}

function listen() {
  const on = (name, act) => document.addEventListener(name, ({ detail }) => act(detail));
  const send = (name, type) => on(name, (detail) => store.dispatch({ type, ...detail }));
  send("item-selected", "selected");
  send("item-moved", "moved");
  send("view-changed", "viewChanged");
  send("opacity-changed", "opacityChanged");
  send("cell-hovered", "cellHovered");
  send("layer-toggled", "layerToggled");
  send("scope-chosen", "scopeChosen");
  send("list-order-chosen", "listOrderChosen");
  send("list-toggled", "listToggled");
  send("list-grown", "listGrown");
  send("gallery-order-chosen", "galleryOrderChosen");
  send("gallery-grown", "galleryGrown");
  on("layer-flipped", ({ layer }) => store.dispatch({ type: "layerToggled", layer, on: !store.state.layers[layer] }));
  on("files-chosen", ({ files, pasted }) => addFiles(files, pasted));
  on("sample-chosen", addSample);
  on("clear", clear);
  on("retry", retry);
  on("cell-stepped", step);
  on("cell-chosen", ({ id }) => {
    store.dispatch({ type: "cellChosen", id });
    show(shownCell(store.state));
  });
  on("cell-opened", ({ id }) => openCard(id));
  on("card-wanted", () => openCard());
  on("card-closed", closeCard);
  on("cell-left", leaveCell);
  on("cell-jumped", jump);
  on("zoom-wanted", zoom);
  on("download", download);
  on("export-wanted", exportFields);
  on("keys-wanted", () => part("keys").showModal());
  on("stop", () => {
    pump.stop();
    store.dispatch({ type: "stopped" });
  });
  on("go-on", () => {
    store.dispatch({ type: "wentOn" });
    pump.go();
  });
}

function mount() {
  const updates = [
    mountStrip(part("strip"), { status: fieldStatus, words: fieldWords }), mountProgress(part("strip")),
    stage.update, mountLayers(part("bench"), stage.scene), mountCounts(part("counts")),
    mountCellList(part("cell-list")), mountExports(part("exports")),
    mountCard(part("card"), openPicture), mountGallery(part("gallery"), tiles.tileOf),
  ];
  const cards = [mountAnswer(part("answer")), mountReasons(part("reasons"), { hasMaps: false }), mountContext(part("context"))];
  mountIntake(document.body, { picker: part("picker"), veil: part("veil") });
  mountDrift(part("drift"));
  let card = null;
  store.subscribe((state, before) => {
    part("hero").hidden = state.items.length > 0;
    part("workspace").hidden = state.items.length === 0;
    for (const update of updates) update(state, before);
    const next = cardState(state, card);
    if (next !== card) for (const update of cards) update(next, card ?? next);
    part("context").hidden = !next.cell?.prediction;
    card = next;
  });
}

mount();
listen();
if (window.location.hash === "#handed-over") {
  window.history.replaceState(null, "", window.location.pathname); // a reload has nothing to take over
  takeOver().then((files) => files.length && addFiles(files));
}
cellTypes().then(
  (loaded) => store.dispatch({ type: "contextLoaded", cellTypes: loaded }),
  (error) => store.dispatch({ type: "contextFailed", error: error.message }),
);
defaultModel().then(
  (model) => write(part("model-line"), figures(model)),
  (error) => write(part("model-line"), error.message),
);
