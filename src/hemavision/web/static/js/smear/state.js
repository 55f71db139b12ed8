/**
 * What the Smear page knows, in one place, and the only function that changes it. A field is an
 * item as on the Cell page (answer: {smear}), so that what both pages know has one reducer. Pure.
 */

import { initialState as sharedState, reduce as reduceShared, selectedItem } from "../state.js";
import { doubtOrder, readingOrder, stepFrom, visibleCells, walkedCells } from "./cells.js";

const LIST_PAGE = 60;
const GALLERY_PAGE = 96;

export const initialState = Object.freeze({
  ...sharedState,
  opacity: 0.5,
  cellId: null, // of the selected field: the cell that the keys are on
  hoveredId: null, // the cell under the pointer
  cardOpen: false,
  layers: Object.freeze({
    white_cell: true, red_cell: true, platelet: true, labels: true, heatmaps: false, marks: true,
  }),
  listOrder: "reading", // or "doubt"
  listShown: LIST_PAGE,
  listOpen: false,
  galleryOrder: "type", // or "doubt"
  galleryShown: GALLERY_PAGE,
  scope: "field", // or "all": what the counts are of
  stopped: false,
});

const NO_CELL = Object.freeze({ cellId: null, hoveredId: null, cardOpen: false, listShown: LIST_PAGE });

/** Return the state as another field, or none, is put on the stage. */
function withoutCell(state, action) {
  const next = reduceShared(state, action);
  return next.selectedId === state.selectedId ? next : { ...next, ...NO_CELL };
}

const handlers = {
  selected: withoutCell,
  moved: withoutCell,
  cleared: (state, action) =>
    ({ ...reduceShared(state, action), ...NO_CELL, cleared: [], scope: "field", stopped: false, galleryShown: GALLERY_PAGE }),
  cellChosen: (state, { id }) => ({ ...state, cellId: id, cardOpen: state.cardOpen && id !== null }),
  cellStepped(state, { by, along }) {
    const id = stepFrom(walk(state, along), state.cellId, by);
    return id === state.cellId ? state : { ...state, cellId: id, hoveredId: null };
  },
  cellHovered: (state, { id }) => (id === state.hoveredId ? state : { ...state, hoveredId: id }),
  cardOpened: (state, { id = state.cellId }) =>
    (id === null ? state : { ...state, cellId: id, cardOpen: true, hoveredId: null }),
  cardClosed: (state) => (state.cardOpen ? { ...state, cardOpen: false } : state),
  jumped: (state, { fieldId, cellId }) =>
    handlers.cardOpened(withoutCell(state, { type: "selected", id: fieldId }), { id: cellId }),
  layerToggled(state, { layer, on }) {
    const layers = { ...state.layers, [layer]: on };
    const kind = shownCell(state)?.kind;
    return { ...state, layers, ...(kind && !layers[kind] ? NO_CELL : {}) };
  },
  listOrderChosen: (state, { order }) => ({ ...state, listOrder: order }),
  listToggled: (state, { open }) => ({ ...state, listOpen: open }),
  listGrown: (state) => ({ ...state, listShown: state.listShown + LIST_PAGE }),
  galleryOrderChosen: (state, { order }) => ({ ...state, galleryOrder: order }),
  galleryGrown: (state) => ({ ...state, galleryShown: state.galleryShown + GALLERY_PAGE }),
  scopeChosen: (state, { scope }) => ({ ...state, scope }),
  stopped: (state) => ({ ...state, stopped: true }),
  wentOn: (state) => ({ ...state, stopped: false }),
};

/** Return the state after an action; what this page does not know, the Cell page's reducer does. */
export function reduce(state, action) {
  const handler = handlers[action.type];
  return handler ? handler(state, action) : reduceShared(state, action);
}

/** Return the cells that the keys walk: white ones by reading or by doubt, or "all" that show. */
export function walk(state, along) {
  const cells = selectedSmear(state)?.cells ?? [];
  if (along === "all") return readingOrder(visibleCells(cells, state.layers));
  const walked = walkedCells(cells, state.layers);
  return along === "doubt" ? doubtOrder(readingOrder(walked)) : readingOrder(walked);
}

/** Return what the server found in the field on the stage, or null. */
export function selectedSmear(state) {
  return selectedItem(state)?.answer?.smear ?? null;
}

/** Return the cell that the keys are on, or null. */
export function shownCell(state) {
  return cellOf(state, state.cellId);
}

/** Return the cell under the pointer, else the one that the keys are on, else null. */
export function litCell(state) {
  return cellOf(state, state.hoveredId) ?? shownCell(state);
}

function cellOf(state, id) {
  return id === null ? null : selectedSmear(state)?.cells.find((cell) => cell.id === id) ?? null;
}

/**
 * Return the open cell as the Cell page's state would hold it, so that its components show the
 * card; `before` is returned where nothing of it has changed.
 */
export function cardState(state, before = null) {
  const cell = state.cardOpen ? shownCell(state) : null;
  const { cellTypes, contextError } = state;
  const same = before && before.cell === cell && before.cellTypes === cellTypes && before.contextError === contextError;
  if (same) return before;
  const item = selectedItem(state);
  const answer = cell?.prediction && { prediction: cell.prediction, heatmaps: mapsOf(cell) };
  const items = cell
    ? [{ id: 1, name: item.name, status: "done", answer: answer ?? null, error: null, roundTripMs: null }]
    : [];
  return { ...sharedState, items, selectedId: cell ? 1 : null, cell, cellTypes, contextError };
}

/** Return a cell's one map in the shape of an answer's heatmaps. */
function mapsOf({ heatmap, prediction }) {
  if (!heatmap) return null;
  return { cell_types: [prediction.cell_type], values: [heatmap.values], box: heatmap.box };
}
