import { meaning } from "/static/js/workbench/hotkeys.js";
import {
  binCounts, doneAgain, emptyHistory, initialState, isReadOnly, numbered, pushed, range, reduce, roomLeft, takenBack, targets, toggled, undecided, withinTarget, without,
} from "/static/js/workbench/state.js";
import { createWriter } from "/static/js/workbench/writing.js";
import { createStore } from "/static/js/state.js";
import { Problem, Unreachable } from "/static/js/api.js";
import { equal, test, throws } from "./harness.js";

const cell = (id, decided = null, revision = 0) => ({
  id, revision, decided_type: decided, decided_by: null, suggestion: { cell_type: "neutrophil", confidence: 0.9, status: "confident" },
});
const loaded = reduce(initialState, { type: "cellsLoaded", cells: [cell(1), cell(2), cell(3)] });
const shown = (state) => [...state.cells.values()].map(({ decided_type: type }) => type);

test("a wish shows at once and is confirmed later", () => {
  const wished = reduce(loaded, { type: "wished", changes: [[2, "blast"]], step: { key: 1 } });
  equal(shown(wished), [null, "blast", null]);
  equal(wished.cells.get(2).pending, true);
  const settled = reduce(wished, { type: "settled", ids: [2], cells: [cell(2, "blast", 1)], found: null, key: 1, batch: 7 });
  equal(settled.cells.get(2), cell(2, "blast", 1));
  equal(settled.history.done[0].batch, 7);
  equal(settled.wishes.size, 0);
});

test("a later wish stands when an earlier one is answered", () => {
  let state = reduce(loaded, { type: "wished", changes: [[2, "blast"]], step: { key: 1 } });
  state = reduce(state, { type: "wished", changes: [[2, "monocyte"]], step: { key: 2 } });
  state = reduce(state, { type: "settled", ids: [2], cells: [cell(2, "blast", 1)], found: null, key: 1, batch: 7 });
  equal(shown(state), [null, "monocyte", null]);
  equal(state.server.get(2).revision, 1);
});

test("what was refused shows what is there, and cannot be undone", () => {
  let state = reduce(loaded, { type: "wished", changes: [[1, "blast"], [2, "blast"]], step: { key: 1 } });
  const theirs = { id: 2, decided_type: "monocyte", decided_by: "bob", revision: 4 };
  state = reduce(state, { type: "refused", ids: [1, 2], changes: [theirs], key: 1 });
  equal(shown(state), [null, "monocyte", null]);
  equal(state.cells.get(2).decided_by, "bob");
  equal(state.cells.get(2).suggestion.cell_type, "neutrophil");
  equal(state.history.done, []);
});

test("a batch that changed nothing is no step to undo", () => {
  let state = reduce(loaded, { type: "wished", changes: [[1, "blast"]], step: { key: 3 } });
  state = reduce(state, { type: "settled", ids: [1], cells: [cell(1, "blast", 1)], found: null, key: 3, batch: null });
  equal(state.history.done, []);
});

test("counts by bin, and who is left", () => {
  const state = reduce(loaded, { type: "wished", changes: [[1, "blast"]], step: null });
  equal(binCounts(state), { blast: [1, 0], neutrophil: [0, 2] });
  equal(undecided(state).map(({ id }) => id), [2, 3]);
});

test("a signed case is read-only, but can be read a second time", () => {
  const signed = { ...loaded, case: { state: "signed" } };
  equal(isReadOnly(signed), true);
  equal(isReadOnly({ ...signed, reading: { id: 1 } }), false);
});

test("an unknown action is an error", () => throws(() => reduce(loaded, { type: "eaten" }), /Unknown action/));

test("messages beyond the last few give way", () => {
  let state = loaded;
  for (let index = 0; index < 6; index += 1) state = reduce(state, { type: "noticed", words: String(index) });
  equal(state.notices.map(({ words }) => words), ["2", "3", "4", "5"]);
});

test("undo and redo move one step", () => {
  const two = pushed(pushed(emptyHistory, { key: 1 }), { key: 2 });
  const back = takenBack(two);
  equal(back.step.key, 2);
  equal(doneAgain(back.history).history, two);
  equal(pushed(back.history, { key: 3 }).undone, []);
  equal(takenBack(emptyHistory), null);
  equal(doneAgain(two), null);
  equal(numbered(back.history, 2, 9).undone[0].batch, 9);
  equal(without(back.history, 2).undone, []);
});

test("what keys mean", () => {
  const types = new Map([["1", "neutrophil"], ["b", "blast"]]);
  const ask = (key, more = {}) => meaning({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more }, types);
  equal(ask("1"), { name: "classify", type: "neutrophil" });
  equal(ask("B"), { name: "classify", type: "blast" });
  equal(ask("h"), { name: "heat" });
  equal(ask("z", { ctrlKey: true }), { name: "undo" });
  equal(ask("Z", { metaKey: true, shiftKey: true }), { name: "redo" });
  equal(ask("ArrowDown", { shiftKey: true }), { name: "move", by: "down", extend: true });
  equal(ask("1", { altKey: true }), null);
  equal(ask("Enter", { ctrlKey: true }), { name: "sign" });
  equal(ask("b", { ctrlKey: true }), null);
});

test("with Shift a type's key is for all that lies in its bin", () => {
  const types = new Map([["1", "neutrophil"], ["b", "blast"]]);
  const ask = (key, code) => meaning({ key, code, shiftKey: true }, types);
  equal(ask("!", "Digit1"), { name: "classifyBin", type: "neutrophil" });
  equal(ask("B", "KeyB"), { name: "classifyBin", type: "blast" });
  equal(ask("@", "Digit2"), null);
  equal(ask("?", "Slash"), { name: "keys" });
  // Where digits need Shift anyway it names one cell, as ever.
  equal(ask("1", "Digit1"), { name: "classify", type: "neutrophil" });
});

test("a key acts on several selected cells, else under the pointer, else on the focus", () => {
  equal(targets({ selection: new Set([4, 5]), hoveredId: 1, focusId: 2 }), [4, 5]);
  equal(targets({ selection: new Set([4]), hoveredId: 1, focusId: 2 }), [4]);
  equal(targets({ selection: new Set(), hoveredId: 1, focusId: 2 }), [2]);
  equal(targets({ selection: new Set([4]), hoveredId: null, focusId: 2 }), [4]);
  equal(targets({ selection: new Set(), hoveredId: null, focusId: 2 }), [2]);
  equal(targets({ selection: new Set(), hoveredId: null, focusId: null }), []);
});

test("selections are replaced, never changed", () => {
  const one = new Set([1]);
  equal([...toggled(one, 2)], [1, 2]);
  equal([...one], [1]);
  equal([...range([5, 6, 7, 8], 8, 6)], [6, 7, 8]);
  equal([...range([5, 6], 99, 6)], [6]);
});

/** A server that answers when told to. */
function slowDesk() {
  const asked = [];
  const later = (kind) => (what) => new Promise((resolve, reject) => { asked.push({ kind, what, resolve, reject }); });
  return { asked, decide: later("decide"), undo: later("undo") };
}
const turn = () => new Promise((resolve) => { setTimeout(resolve); });

async function writes() {
  const store = createStore(loaded, reduce);
  const desk = slowDesk();
  const [told, left] = [[], []];
  const writer = createWriter({ store, desk, report: (error) => told.push(error.message), leftOut: (found) => left.push(found) });
  writer.decide([[1, "blast"]]);
  writer.decide([[1, "monocyte"]]);
  writer.undo();
  await turn();
  const first = { shown: shown(store.state)[0], asked: desk.asked.length, idle: writer.idle };
  desk.asked[0].resolve({ batch: 11, cells: [cell(1, "blast", 1)], case: null, left_out: { unseen: [], doubtful: [] } });
  await turn();
  await turn();
  const second = desk.asked[1].what[0];
  desk.asked[1].resolve({ batch: 12, cells: [cell(1, "monocyte", 2)], case: null, left_out: { unseen: [], doubtful: [2] } });
  await turn();
  await turn();
  const undo = desk.asked[2].what.batch;
  desk.asked[2].reject(new Problem({ title: "No", detail: "bob was first" }));
  await writer.rest();
  await turn();
  return { first, second, undo, told, left, idle: writer.idle, shown: shown(store.state)[0], revision: store.state.server.get(1).revision };
}

const written = await writes();

/** A server that goes away in the middle of an answer. */
async function goesAway() {
  const store = createStore(loaded, reduce);
  const keys = [];
  let came = 0;
  const desk = {
    async decide(changes, asSuggested, key) {
      keys.push(key);
      if (keys.length < 3) throw new Unreachable();
      return { batch: 11, cells: [cell(1, "blast", 1)], case: null, left_out: { unseen: [], doubtful: [] } };
    },
  };
  const told = [];
  const back = async () => { came += 1; };
  const writer = createWriter({ store, desk, back, report: (error) => told.push(error.message), leftOut: () => {} });
  writer.decide([[1, "blast"]]);
  const waiting = { shown: shown(store.state)[0], pending: store.state.cells.get(1).pending };
  await writer.rest();
  await turn();
  return { keys, came, told, waiting, idle: writer.idle, revision: store.state.server.get(1).revision };
}

const away = await goesAway();

test("what a server did not answer is sent again with the same key, and is not said to be kept before", () => {
  equal(away.waiting, { shown: "blast", pending: true });
  equal([away.keys.length, new Set(away.keys).size, away.came], [3, 1, 2]);
  equal(/^[0-9a-f]{32}$/.test(away.keys[0]), true);
  equal([away.told, away.idle, away.revision], [[], true, 1]);
});

test("steps of cells that are gone cannot be taken back; a cell added by hand can", () => {
  const step = (key, ids) => ({ key, batch: key, before: ids.map((id) => [id, null]), after: ids.map((id) => [id, "blast"]) });
  let state = { ...loaded, history: { done: [step(1, [1, 99]), step(2, [99])], undone: [step(3, [99])] } };
  state = reduce(state, { type: "added", id: 2 });
  state = reduce(state, { type: "cellsLoaded", cells: [cell(1), cell(2)] });
  equal(state.history.done.map(({ key, after }) => [key, after.length]), [[1, 1], ["added-2", 0]]);
  equal(state.history.undone, []);
  state = reduce(state, { type: "cellsLoaded", cells: [cell(1)] });
  equal(state.history.done.map(({ key }) => key), [1]);
});

test("decisions are shown at once and sent one after the other", () => {
  equal(written.first, { shown: "blast", asked: 1, idle: false });
  equal(written.second, { id: 1, revision: 1, cell_type: "monocyte" });
});

test("what the server's own gate left as it is, is told", () => {
  equal(written.left, [{ unseen: [], doubtful: [2] }]);
});

test("undoing names the batch that the server gave; refused, what is there shows", () => {
  equal(written.undo, 12);
  equal(written.told.length, 1);
  equal([written.shown, written.revision, written.idle], ["monocyte", 2, true]);
});

const COUNTED = [
  { name: "neutrophil", counted: true, critical: false }, { name: "blast", counted: true, critical: true },
  { name: "artefact", counted: false, critical: false },
];

function many(decided, undecided, target) {
  const ids = Array.from({ length: decided + undecided }, (_, index) => index + 1);
  const cells = ids.map((id) => cell(id, id <= decided ? "neutrophil" : null));
  const state = reduce({ ...initialState, types: COUNTED }, { type: "cellsLoaded", cells });
  return { ...state, entries: { target } };
}

test("the count stops at its target, and one act goes on past it", () => {
  const state = many(3, 3, 4);
  const all = [[4, "neutrophil"], [5, "neutrophil"], [6, "artefact"], [1, "neutrophil"]];
  equal(withinTarget(state, all), { taken: [all[0], all[2], all[3]], beyond: [5] });
  const full = many(4, 2, 4);
  equal(roomLeft(full), 0);
  // What must not be overlooked is always taken, and so is a decision taken back.
  equal(withinTarget(full, [[5, "blast"], [6, "neutrophil"]]), { taken: [[5, "blast"]], beyond: [6] });
  equal(withinTarget(full, [[1, null]]).beyond, []);
  const past = reduce(full, { type: "countedOn" });
  equal(withinTarget(past, [[5, "neutrophil"], [6, "neutrophil"]]).beyond, []);
  equal(withinTarget({ ...past, typed: { target: 5 } }, [[5, "neutrophil"], [6, "neutrophil"]]).beyond, [6]);
  equal(roomLeft({ ...full, reading: { id: 1 } }), Infinity);
});

test("the ring is never on a cell that does not show", () => {
  let state = many(1, 2, 100);
  state = reduce(state, { type: "focused", id: 2 });
  state = reduce(state, { type: "filtered", filter: "decided" });
  equal(state.focusId, 1);
  state = reduce(state, { type: "wished", changes: [[1, null]], step: null });
  equal([state.focusId, targets(state)], [null, []]); // the filter is empty: no key names a hidden cell
  state = reduce(state, { type: "filtered", filter: "all" });
  equal(state.cells.has(state.focusId), true);
});

