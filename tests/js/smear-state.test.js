import { cardState, initialState, litCell, reduce, selectedSmear, shownCell } from "/static/js/smear/state.js";
import { selectedItem, ZOOM_FIT } from "/static/js/state.js";
import { box, other, smear, white } from "./smear.fixture.js";
import { equal, test, throws } from "./harness.js";

const CELLS = [
  white(0, box(300, 0)), white(1, box(0, 0), "monocyte", { confidence: 0.5, status: "check" }),
  white(2, box(150, 300), "lymphocyte"), other(3, "red_cell", box(500, 0)),
];
const run = (state, ...actions) => actions.reduce(reduce, state);
const files = (...names) => ({ type: "added", files: names.map((name) => ({ name, file: null, url: `blob:${name}` })) });
const answered = (id, cells = CELLS) => ({ type: "answered", id, answer: { smear: smear(cells) }, original: null, roundTripMs: 5 });
const read = run(initialState, files("a", "b"), answered(1), answered(2, CELLS.slice(0, 1)));

test("fields are items as on the Cell page; the first is on the stage", () => {
  equal(selectedItem(read).name, "a");
  equal(selectedSmear(read).cells.length, 4);
  equal(selectedSmear(run(initialState, files("a"))), null);
});

test("n and p walk the white cells as they lie, d by doubt, a all that shows", () => {
  const walk = (along, ...steps) => {
    let state = read;
    return steps.map((by) => {
      state = reduce(state, { type: "cellStepped", by, along });
      return state.cellId;
    });
  };
  equal(walk("reading", 1, 1, 1, 1), [1, 0, 2, 1]);
  equal(walk("reading", -1), [2]);
  equal(walk("doubt", 1), [1]);
  equal(walk("all", 1, 1, 1), [1, 0, 3]);
});

test("the pointer outshines the keys, and a step takes the light back", () => {
  let state = run(read, { type: "cellChosen", id: 2 }, { type: "cellHovered", id: 3 });
  equal([litCell(state).id, shownCell(state).id], [3, 2]);
  state = reduce(state, { type: "cellStepped", by: 1, along: "reading" });
  equal(litCell(state).id, 1);
  equal(reduce(state, { type: "cellHovered", id: null }) === state, true);
});

test("another field leaves cell and card behind and is fitted; the same changes nothing", () => {
  const open = run(read, { type: "cardOpened", id: 0 }, { type: "viewChanged", view: { zoom: 4, x: 0.2, y: 0.2 } });
  equal(reduce(open, { type: "selected", id: 1 }) === open, true);
  const next = reduce(open, { type: "moved", by: 1 });
  equal([next.selectedId, next.cellId, next.cardOpen], [2, null, false]);
  equal(next.view, ZOOM_FIT);
});

test("a jump goes to the cell in its field with its card open", () => {
  const state = reduce(read, { type: "jumped", fieldId: 2, cellId: 0 });
  equal([state.selectedId, state.cellId, state.cardOpen], [2, 0, true]);
});

test("without a cell no card opens; leaving the cell closes it", () => {
  equal(reduce(read, { type: "cardOpened" }).cardOpen, false);
  const open = reduce(read, { type: "cardOpened", id: 1 });
  equal(reduce(open, { type: "cellChosen", id: null }).cardOpen, false);
  equal(reduce(open, { type: "cellChosen", id: 2 }).cardOpen, true);
});

test("hiding the layer of the cell that is shown leaves the cell", () => {
  const open = reduce(read, { type: "cardOpened", id: 3 });
  equal(reduce(open, { type: "layerToggled", layer: "platelet", on: false }).cellId, 3);
  const hidden = reduce(open, { type: "layerToggled", layer: "red_cell", on: false });
  equal([hidden.cellId, hidden.cardOpen, hidden.layers.red_cell], [null, false, false]);
});

test("the card is the Cell page's state: its answer, its one map; the same while nothing changes", () => {
  const heatmap = { values: [[0, 1]], box: box(0, 0) };
  const state = run(read, answered(1, [white(0, box(0, 0), "monocyte", { heatmap })]), { type: "cardOpened", id: 0 });
  const card = cardState(state);
  const { answer } = selectedItem(card);
  equal(answer.prediction.cell_type, "monocyte");
  equal(answer.heatmaps, { cell_types: ["monocyte"], values: [[[0, 1]]], box: box(0, 0) });
  equal(cardState(reduce(state, { type: "viewChanged", view: ZOOM_FIT }), card) === card, true);
  equal(selectedItem(cardState(read)), null);
  equal(selectedItem(cardState(reduce(read, { type: "cardOpened", id: 3 }))).answer, null);
});

test("clearing forgets fields, cell and scope, and keeps the layers as they were set", () => {
  const state = run(read, { type: "layerToggled", layer: "labels", on: false }, { type: "scopeChosen", scope: "all" }, { type: "stopped" }, { type: "cleared" });
  equal([state.items, state.scope, state.stopped, state.cellId, state.layers.labels], [[], "field", false, null, false]);
  equal(reduce(state, { type: "wentOn" }).stopped, false);
});

test("an unknown action is an error", () => throws(() => reduce(read, { type: "nope" }), /nope/));
