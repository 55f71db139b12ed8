import { createStore, initialState, progress, reduce, selectedItem, shownType, ZOOM_FIT } from "/static/js/state.js";
import { equal, test, throws } from "./harness.js";

const files = (...names) => names.map((name) => ({ name, file: null, url: `blob:${name}` }));
const loaded = (...names) => reduce(initialState, { type: "added", files: files(...names) });
const answer = (cellType) => ({ prediction: { cell_type: cellType } });

test("the first image added is the selected one and later ones do not take over", () => {
  let state = loaded("a", "b");
  state = reduce(state, { type: "added", files: files("c") });
  equal(state.items.map((item) => item.id), [1, 2, 3]);
  equal(selectedItem(state).name, "a");
});

test("an answer goes to its own image only", () => {
  const state = reduce(loaded("a", "b"), { type: "answered", id: 2, answer: answer("monocyte"), original: null, roundTripMs: 5 });
  equal(state.items.map((item) => item.status), ["waiting", "done"]);
  equal(state.items[0].answer, null);
});

test("the heatmap follows the prediction until a type is chosen, and again on another image", () => {
  let state = loaded("a", "b");
  equal(shownType(state), null);
  for (const id of [1, 2]) state = reduce(state, { type: "answered", id, answer: answer("monocyte"), original: null, roundTripMs: 5 });
  equal(shownType(state), "monocyte");
  state = reduce(state, { type: "typeChosen", cellType: "eosinophil" });
  equal(shownType(state), "eosinophil");
  state = reduce(state, { type: "selected", id: 2 });
  equal(shownType(state), "monocyte");
});

test("selecting another image fits it, selecting the same changes nothing", () => {
  const zoomed = reduce(loaded("a", "b"), { type: "viewChanged", view: { zoom: 3, x: 0.4, y: 0.5 } });
  equal(reduce(zoomed, { type: "selected", id: 1 }) === zoomed, true);
  equal(reduce(zoomed, { type: "selected", id: 2 }).view, ZOOM_FIT);
});

test("moving stops at both ends", () => {
  let state = loaded("a", "b", "c");
  state = reduce(state, { type: "moved", by: -1 });
  equal(state.selectedId, 1);
  state = reduce(state, { type: "moved", by: Infinity });
  equal(state.selectedId, 3);
  equal(reduce(initialState, { type: "moved", by: 1 }).selectedId, null);
});

test("progress counts what is done and what failed", () => {
  let state = loaded("a", "b", "c");
  state = reduce(state, { type: "answered", id: 1, answer: answer("monocyte"), original: null, roundTripMs: 5 });
  state = reduce(state, { type: "failed", id: 3, error: { title: "t", detail: "d" } });
  equal(progress(state), { total: 3, done: 1, failed: 1, finished: 2 });
});

test("opacity stays between 0 and 1", () => {
  equal(reduce(initialState, { type: "opacityChanged", opacity: 3 }).opacity, 1);
  equal(reduce(initialState, { type: "opacityChanged", opacity: -1 }).opacity, 0);
});

test("clearing forgets the images but never reuses an id", () => {
  const state = reduce(loaded("a"), { type: "cleared" });
  equal(state.items, []);
  equal(reduce(state, { type: "added", files: files("b") }).items[0].id, 2);
});

test("what was cleared can be brought back until something else comes", () => {
  const cleared = reduce(loaded("a", "b"), { type: "cleared" });
  const back = reduce(cleared, { type: "restored" });
  equal([back.items.map(({ name }) => name), back.selectedId, back.cleared], [["a", "b"], 1, []]);
  equal(reduce(cleared, { type: "added", files: files("c") }).cleared, []);
});

test("no action changes the state it was given", () => {
  const state = loaded("a");
  const before = JSON.stringify(state);
  reduce(state, { type: "failed", id: 1, error: { title: "t", detail: "d" } });
  equal(JSON.stringify(state), before);
});

test("an unknown action is an error", () => throws(() => reduce(initialState, { type: "nope" }), /nope/));

test("the store tells listeners at once and only when something changed", () => {
  const store = createStore();
  let calls = 0;
  store.subscribe(() => { calls += 1; });
  equal(calls, 1);
  store.dispatch({ type: "moved", by: 1 });
  equal(calls, 1);
  store.dispatch({ type: "opacityChanged", opacity: 0.7 });
  equal(calls, 2);
});
