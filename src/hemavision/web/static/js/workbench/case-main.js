/** Wires the page of a case: events come up from the components, the state goes down to them. */

import { createApi, loginAddress, Problem } from "../api.js";
import { write } from "../components/dom.js";
import { createStore } from "../state.js";
import { _, typeWords } from "../words.js";
import { mountCutCells } from "./components/adding.js";
import { mountAgreement } from "./components/agreement.js";
import { mountBanner, mountCaseBar, mountConnection, mountLog, mountNotices } from "./components/case-bar.js";
import { mountEntries } from "./components/entries.js";
import { mountFieldView } from "./components/field-view.js";
import { mountGallery } from "./components/gallery.js";
import { mountImporter } from "./components/importer.js";
import { mountCompare, mountInspector } from "./components/inspector.js";
import { mountClasses, mountPanel } from "./components/panel.js";
import { mountFinishing, mountReads, mountReason, mountSigning } from "./components/rounds.js";
import { colourClasses } from "./components/tiles.js";
import { mountFoot, mountKeyboard, mountSelection, mountToolbar } from "./components/toolbar.js";
import { createConnection, createDesk, createLoader, createNumbers, createThumbnails, createWatch } from "./desk.js";
import { isTyped } from "./entered.js";
import { createReview } from "./review.js";
import { initialState, isReadOnly, onSheet, reduce, undecided } from "./state.js";
import { completeWords, conflictWords, leftOutWords, removalWords } from "./words.js";
import { createEntering, createWriter } from "./writing.js";

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const caseId = Number(document.body.dataset.case);
const root = `/cases/${caseId}`;
const api = createApi(() => window.location.assign(loginAddress(window.location)));
const store = createStore(initialState, reduce);
const thumbnails = createThumbnails({ api, root, arrived: () => gallery.view.draw() });
const addresses = {
  thumbnail: (id) => thumbnails.kept(id) ?? `/api/v1${root}/cells/${id}/thumbnail`,
  cutout: (id) => `/api/v1${root}/cells/${id}/cutout`,
  heatmap: (id) => `/api/v1${root}/cells/${id}/heatmap`,
  picture: (id) => `/api/v1${root}/images/${id}/picture`,
  similar: ({ case_id: id, cell_id: cell, reference_id: reference }) => (
    reference === null ? `/api/v1/cases/${id}/cells/${cell}/thumbnail` : `/api/v1/references/${reference}/picture`),
  part: (id, box) => `/api/v1${root}/images/${id}/part?${new URLSearchParams(box)}`,
};
const say = (words) => write(part("announcer"), words);
const notice = (words, kind, ids) => store.dispatch({ type: "noticed", words, kind, ids });

const load = createLoader({ api, store, root });
const numbers = createNumbers({ api, store, root });
const connection = createConnection({
  api, store,
  returned: () => {
    numbers.refresh(0);
    notice(_("The server answers again."), "info");
  },
});
const writer = createWriter({
  store, desk: createDesk({ api, store, root }), back: connection.back,
  report: (refusal, changes) => notice(
    refusal.code === "changed-since" ? conflictWords(refusal, store.state.types) : refusal.message,
    "conflict", changes.map(([id]) => id)),
  withdraw: (id) => removeCell(id),
  leftOut: ({ unseen, doubtful }) => notice(`${leftOutWords(unseen, doubtful)}.`, "info", [...unseen, ...doubtful]),
});
const entering = createEntering({ api, store, root, back: connection.back, report: (refusal) => notice(refusal.message, "conflict") });
const gallery = mountGallery(part("gallery"), { ...addresses, thumbnail: thumbnails.of });
const inspector = mountInspector(part("inspector"), addresses);
const review = createReview({ store, writer, view: gallery.view, looked: inspector.looked, notice, say });
const importer = mountImporter(document.body, { api, maxBodyMb: Number(document.body.dataset.maxBodyMb) });
const dialogs = {
  sign: mountSigning(part("sign"), addresses),
  amend: mountReason(part("amend"), "amend-confirmed"),
  remove: mountReason(part("remove"), "removal-confirmed"),
  reads: mountReads(part("reads")),
  finish: mountFinishing(part("finish")),
  agreement: mountAgreement(part("agreement"), (type) => api.get(`/agreement/slides?cell_type=${encodeURIComponent(type)}`)),
  log: mountLog(part("log"), (offset) => api.get(`${root}/log?limit=100&offset=${offset}`)),
  compare: mountCompare(part("compare"), addresses),
  cut: mountCutCells(part("cut"), addresses.part),
  field: mountFieldView(part("field-view"), addresses, async (id) => (await api.get(`${root}/images/${id}/others`)).others),
};

/** Do something that the server may refuse; say so in `dialog`, or as a notice. */
async function attempt(act, dialog = null) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (dialog) dialog.fail(error.message);
    else notice(error.message, "conflict");
    return null;
  }
}

async function begin() {
  try {
    await load.all(document.body.dataset.blind === "true");
    numbers.refresh(0);
    gallery.view.tiles.get(store.state.focusId)?.focus({ preventScroll: true });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    store.dispatch({ type: "failed", problem: error.message });
  }
}

function inspect(id = review.targets()[0]) {
  if (id === undefined) return;
  store.dispatch({ type: "focused", id });
  store.dispatch({ type: "inspected", id, closer: !store.state.closer });
}

let detailTimer = 0;

/** Ask for the rest of what the model said, once the reader rests on a cell. */
function askDetail({ inspectedId, detail, similar, reading, queue, sheet, closer }) {
  clearTimeout(detailTimer);
  if (inspectedId === null || reading || onSheet({ sheet, closer })) return;
  detailTimer = setTimeout(() => attempt(async () => {
    const address = `${root}/cells/${inspectedId}`;
    if (detail?.id !== inspectedId) store.dispatch({ type: "detailLoaded", detail: (await api.get(address)).cell });
    if (queue && similar?.id !== inspectedId) {
      store.dispatch({ type: "similarLoaded", id: inspectedId, cells: (await api.get(`${address}/similar`)).similar });
    }
  }), 90);
}

function leave() {
  if (store.state.selection.size) store.dispatch({ type: "selected", ids: [] });
  else if (store.state.inspectedId !== null) closeInspector();
}

function closeInspector() {
  const { sheet, closer, inspectedId } = store.state;
  if (closer) return review.ring(sheet.ids.includes(inspectedId) ? inspectedId : sheet.ids[0], false);
  store.dispatch({ type: "inspected", id: null });
  gallery.view.tiles.get(store.state.focusId)?.focus({ preventScroll: true });
}

function compare() {
  const ids = [...store.state.selection];
  if (ids.length === 2) dialogs.compare.open(ids);
  else notice(_("Select two cells to compare: Space, or Ctrl with a click."), "info");
}

/** What has to be acknowledged is that of this moment. */
async function askToSign() {
  await writer.rest();
  await numbers.now();
  // Nobody signs suggestions: what the sheet counts is what readers decided.
  if (store.state.numbers?.uncounted && store.state.suggestions) {
    store.dispatch({ type: "counted", suggestions: false });
    await numbers.now();
  }
  dialogs.sign.open(store.state);
}

async function sign({ acknowledged, uncounted }) {
  await Promise.all([writer.rest(), entering.rest()]);
  if (store.state.entriesError) return dialogs.sign.fail(_("What you entered cannot be kept: {why}", { why: store.state.entriesError }));
  const { revision } = store.state.case;
  try {
    const { case: found } = await api.make(`${root}/sign`, { revision, acknowledged, uncounted });
    await load.record();
    dialogs.sign.close();
    say(_("{name} is signed.", found));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await attempt(load.cells);
    if (error.code === "critical") await numbers.now();
    if (error.code === "undecided" || error.code === "critical") {
      dialogs.sign.open(store.state, error.cells);
      if (error.code === "critical") dialogs.sign.fail(error.message);
    } else {
      await attempt(load.record);
      dialogs.sign.fail(error.code === "changed-since"
        ? _("Somebody changed the case in the meantime. What shows now is theirs; look again before you sign.") : error.message);
    }
  }
  numbers.refresh(0);
}

async function amend({ reason }) {
  const done = await attempt(() => api.post(`${root}/amend`, { reason }), dialogs.amend);
  if (!done) return;
  dialogs.amend.close();
  await attempt(load.record);
}

async function openReads() {
  const found = await attempt(() => api.get(`${root}/reads`));
  if (found) dialogs.reads.open(found.reads);
}

async function beginReading({ sample }) {
  const values = { seed: Math.floor(Math.random() * 2 ** 31), ...(sample ? { sample } : {}) };
  const begun = await attempt(() => api.post(`${root}/reads`, values), dialogs.reads);
  if (!begun) return;
  dialogs.reads.close();
  store.dispatch({ type: "readingBegan", reading: begun.read });
  await attempt(load.cells);
}

async function closeReading({ how }) {
  await writer.rest();
  const { id } = store.state.reading;
  const closed = await attempt(() => api.post(`/reads/${id}/${how}`), dialogs.finish);
  if (!closed) return;
  part("finish").close();
  store.dispatch({ type: "readingEnded" });
  await attempt(load.cells);
  numbers.refresh(0);
  if (how === "finish") await showAgreement({ id });
}

async function showAgreement({ id }) {
  const found = await attempt(() => api.get(`/reads/${id}/agreement`));
  if (!found) return;
  dialogs.reads.close();
  await attempt(() => dialogs.agreement.open(found, store.state.types));
}

async function logOut() {
  await attempt(() => api.destroy("/session"));
  window.location.assign("/login");
}

/** Put a cell that nobody had found into the case, and go to it: its key names it at once. */
async function addMissed({ imageId, box }) {
  try {
    const { cell } = await api.make(`${root}/images/${imageId}/cells`, { box });
    await load.pictures();
    document.querySelector("[data-part=field-view]").close();
    review.show(cell.id);
    // Whatever was selected before, or lies under the pointer: the next key is for this cell.
    store.dispatch({ type: "selected", ids: [cell.id], anchor: cell.id });
    store.dispatch({ type: "added", id: cell.id });
    say(_("Cell {id} is added; {type}, suggests the model.", { id: cell.id, type: typeWords(cell.suggestion.cell_type) }));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    dialogs.field.fail(error.message);
  }
}

/** Count a cell that its field's border cuts: it is added as a missed one is. */
async function countCut({ image_id: imageId, box }) {
  try {
    const { cell } = await api.make(`${root}/images/${imageId}/cells`, { box });
    await load.pictures();
    store.dispatch({ type: "added", id: cell.id });
    say(_("Cell {id} is counted; {type}, suggests the model.", { id: cell.id, type: typeWords(cell.suggestion.cell_type) }));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    dialogs.cut.fail(error.message);
  }
}

/** Take out a cell that was added by hand. */
async function removeCell(id) {
  if (!await attempt(() => api.post(`${root}/cells/${id}/remove`))) return;
  await attempt(load.pictures);
  numbers.refresh(0);
  say(_("Cell {id} is taken out.", { id }));
}

function askToRemove() {
  const { cells, images, inspectedId } = store.state;
  const image = images.get(cells.get(inspectedId)?.image_id);
  if (!image) return;
  const own = [...cells.values()].filter((cell) => cell.image_id === image.id);
  dialogs.remove.open({ imageId: image.id, name: image.name }, removalWords(image, own));
}

async function removeImage({ imageId, name, reason }) {
  await writer.rest();
  if (!await attempt(() => api.post(`${root}/images/${imageId}/remove`, { reason }), dialogs.remove)) return;
  dialogs.remove.close();
  await attempt(load.pictures);
  numbers.refresh(0);
  notice(_("{name} is taken out of the case.", { name }), "info");
}

function showTab(tab) {
  document.body.dataset.tab = tab;
  for (const button of document.querySelectorAll(".tabs button")) button.setAttribute("aria-pressed", String(button.dataset.tab === tab));
}

/** Go to the total white cell count; where nothing can be entered, to the differential. */
function goToTotal() {
  showTab("differential");
  const field = document.getElementById("white-cells");
  (field.matches(":disabled") ? part("panel") : field).focus();
}

function bring(files) {
  if (store.state.case?.state === "signed" || store.state.reading) {
    notice(_("Images can be added to a case that is open: amend it first."), "conflict");
    return;
  }
  importer.bring(caseId, files, { onBatch: (found) => store.dispatch({ type: "caseLoaded", found }), onEnd: () => attempt(load.pictures).then(() => numbers.refresh(0)) });
}

function listen() {
  const on = (name, act) => document.addEventListener(name, ({ detail }) => act(detail));
  const send = (name, type) => on(name, (detail) => store.dispatch({ type, ...detail }));
  send("cell-hovered", "hovered");
  send("cells-seen", "saw");
  send("filter-chosen", "filtered");
  send("tile-sized", "tileSized");
  send("heat-turned", "heatTurned");
  send("notice-dismissed", "dismissed");
  on("cell-focused", ({ id }) => store.dispatch({ type: "focused", id }));
  on("cell-pressed", review.press);
  on("cells-framed", ({ ids, add }) => store.dispatch({ type: "selected", ids, add }));
  on("cells-dropped", review.drop);
  on("cell-inspected", ({ id }) => inspect(id));
  on("cell-wanted", ({ id }) => review.show(id));
  on("queue-wanted", review.queue);
  on("cell-ringed", ({ id }) => review.ring(id));
  send("sheet-fitted", "fitted");
  on("confident-committed", review.commitSeen);
  on("cell-stepped", ({ by }) => review.move(by > 0 ? "right" : "left", false));
  on("cell-shown-in-field", () => dialogs.field.open(store.state.inspectedId));
  on("cell-missed", addMissed);
  on("cut-counted", countCut);
  on("cell-unwanted", () => writer.rest().then(() => removeCell(store.state.inspectedId)));
  on("image-unwanted", askToRemove);
  on("removal-confirmed", removeImage);
  on("act-cut", () => dialogs.cut.open());
  on("act-count-on", review.countOn);
  on("inspector-closed", closeInspector);
  on("bin-committed", ({ name }) => review.commitConfident(name));
  on("unseen-wanted", ({ name }) => review.showUnseen(name));
  on("bin-selected", ({ name }) => review.selectBin(name));
  on("bin-keyed", ({ name }) => review.classify(name));
  on("bin-wanted", ({ name }) => {
    showTab("cells");
    review.showBin(name);
  });
  on("selection-classified", ({ type }) => review.classify(type));
  on("selection-committed", review.commit);
  on("selection-taken-back", review.takeBack);
  on("selection-cleared", () => store.dispatch({ type: "selected", ids: [] }));
  on("selection-compared", compare);
  on("selection-inspected", () => inspect());
  on("compared-classified", ({ id, type }) => review.classify(type, [id]));
  on("suggestions-counted", ({ suggestions }) => {
    store.dispatch({ type: "counted", suggestions });
    numbers.refresh();
  });
  on("entries-typed", (values) => {
    store.dispatch({ type: "typedIn", values });
    entering.soon();
  });
  on("act-undo", review.undo);
  on("act-redo", () => writer.redo());
  on("act-add", () => part("picker").click());
  on("act-sign", askToSign);
  on("act-amend", () => dialogs.amend.open());
  on("act-reads", openReads);
  on("act-finish", () => dialogs.finish.open(undecided(store.state).length));
  on("act-log", () => attempt(() => dialogs.log.open(store.state)));
  on("act-keys", () => part("keys").showModal());
  on("act-logout", logOut);
  on("sign-confirmed", sign);
  on("amend-confirmed", amend);
  on("read-begun", beginReading);
  on("read-closed", closeReading);
  on("agreement-wanted", showAgreement);
  on("files-chosen", ({ files }) => bring(files));
  part("to-total").addEventListener("click", (event) => {
    event.preventDefault();
    goToTotal();
  });
  part("trouble").addEventListener("click", ({ target }) => {
    if (target.dataset.act === "reload") window.location.reload();
  });
  document.querySelector(".tabs").addEventListener("click", ({ target }) => target.dataset.tab && showTab(target.dataset.tab));
  mountKeyboard(store, {
    classify: ({ type }) => review.classify(type), classifyBin: ({ type }) => review.classifyBin(type), commit: review.commit,
    sign: () => document.querySelector("[data-act=act-sign]:not([hidden])")?.click(), takeBack: review.takeBack,
    toggle: review.toggle, move: ({ by, extend }) => review.move(by, extend), selectAll: review.selectAll,
    next: review.next, queue: review.queue, commitSeen: review.commitSeen, countOn: review.countOn, total: goToTotal,
    heat: () => store.dispatch({ type: "heatTurned" }), inspect: () => inspect(),
    field: () => dialogs.field.open(review.targets()[0]), compare, leave,
    cut: () => dialogs.cut.open(), undo: review.undo, redo: () => writer.redo(), keys: () => part("keys").showModal(),
  });
  window.addEventListener("beforeunload", (event) => {
    if (!writer.idle || importer.busy || isTyped(store.state.typed)) event.preventDefault();
  });
}

function mount() {
  const updates = [
    mountCaseBar(part("case-bar")), mountConnection(part("away")), mountBanner(part("banner")), mountToolbar(part("toolbar")), mountFoot(part("foot")), gallery.update,
    mountSelection(part("selection")), inspector.update, mountPanel(part("panel")), mountClasses(part("keys")),
    mountEntries(part("entries")), mountNotices(part("notices")), dialogs.compare.update, dialogs.cut.update,
    dialogs.field.update,
  ];
  store.subscribe((state, before) => {
    part("trouble").hidden = state.phase !== "failed";
    part("room").hidden = state.phase === "failed";
    write(part("trouble").querySelector("[data-role=trouble-words]"), state.problem ?? "");
    document.body.dataset.phase = state.phase;
    if (state.types !== before.types) colourClasses(state.types);
    document.body.dataset.inspecting = String(state.inspectedId !== null);
    document.body.dataset.queue = String(state.queue);
    document.body.dataset.sheet = String(onSheet(state) !== null);
    for (const update of updates) update(state, before);
    if (state.phase === "ready" && state.case?.revision !== before.case?.revision) numbers.refresh();
    if (["inspectedId", "queue", "sheet", "closer"].some((name) => state[name] !== before[name])) askDetail(state);
    // What covers the gallery takes the focus, and gives it back.
    if (state.queue && !onSheet(state) && (!before.queue || onSheet(before))) part("inspector").focus({ preventScroll: true });
    else if (before.queue && !state.queue) gallery.view.tiles.get(state.focusId)?.focus({ preventScroll: true });
    if (state.numbers && state.numbers !== before.numbers && !isReadOnly(state)) {
      const words = completeWords(state.numbers, before.numbers);
      if (words) notice(words, "info");
    }
  });
}

mount();
listen();
begin();
createWatch({ api, store, root, isIdle: () => writer.idle && !importer.busy, load, notice, connection });
