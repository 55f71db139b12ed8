/** What the page knows, in one place, and the only function that changes it. Pure: no DOM here. */

export const ZOOM_FIT = Object.freeze({ zoom: 1, x: 0.5, y: 0.5 });

export const initialState = Object.freeze({
  items: [],
  selectedId: null,
  chosenType: null, // null follows the predicted type of the selected image
  opacity: 0.4,
  mode: "overlay", // or "side"
  showBox: true,
  view: ZOOM_FIT,
  cellTypes: {}, // name → clinical context
  contextError: null, // why there is none, in words
  nextId: 1,
  cleared: [], // items that Clear took away last, until others come
});

const handlers = {
  added(state, { files }) {
    const items = files.map((file, index) => ({
      id: state.nextId + index,
      name: file.name,
      file: file.file,
      url: file.url,
      previewable: null, // not yet known
      status: "waiting", // → reading → done or failed
      answer: null,
      original: null, // address of a picture that the server decoded, where the browser cannot
      error: null,
      roundTripMs: null,
      kept: null, // {id, name, kind, type}: the case that it went to; or {trouble}
    }));
    const selectedId = state.selectedId ?? items[0]?.id ?? null;
    return { ...state, items: [...state.items, ...items], selectedId, nextId: state.nextId + items.length, cleared: [] };
  },
  previewed: (state, { id, previewable }) => patch(state, id, { previewable }),
  reading: (state, { id }) => patch(state, id, { status: "reading", error: null }),
  answered: (state, { id, answer, original, roundTripMs }) =>
    patch(state, id, { status: "done", answer, original, roundTripMs, error: null }),
  kept: (state, { id, kept }) => patch(state, id, { kept }),
  failed: (state, { id, error }) => patch(state, id, { status: "failed", error }),
  selected: (state, { id }) =>
    id === state.selectedId ? state : { ...state, selectedId: id, chosenType: null, view: ZOOM_FIT },
  moved(state, { by }) {
    const last = state.items.length - 1;
    const here = state.items.findIndex((item) => item.id === state.selectedId);
    const there = Math.min(Math.max(here + by, 0), last);
    return last < 0 ? state : handlers.selected(state, { id: state.items[there].id });
  },
  typeChosen: (state, { cellType }) => ({ ...state, chosenType: cellType }),
  opacityChanged: (state, { opacity }) => ({ ...state, opacity: Math.min(Math.max(opacity, 0), 1) }),
  modeChosen: (state, { mode }) => ({ ...state, mode }),
  boxToggled: (state, { showBox }) => ({ ...state, showBox }),
  viewChanged: (state, { view }) => ({ ...state, view }),
  contextLoaded: (state, { cellTypes }) => ({ ...state, cellTypes, contextError: null }),
  contextFailed: (state, { error }) => ({ ...state, contextError: error }),
  cleared: (state) => ({
    ...state, items: [], selectedId: null, chosenType: null, view: ZOOM_FIT, cleared: state.items,
  }),
  restored: (state) => ({ ...state, items: state.cleared, cleared: [], selectedId: state.cleared[0]?.id ?? null }),
};

/** Return the state after an action `{type, ...}`; an unknown type is a programming error. */
export function reduce(state, action) {
  const handler = handlers[action.type];
  if (!handler) throw new Error(`Unknown action ${action.type}`);
  return handler(state, action);
}

function patch(state, id, changes) {
  return { ...state, items: state.items.map((item) => (item.id === id ? { ...item, ...changes } : item)) };
}

/** Return the image on the stage, or null. */
export function selectedItem(state) {
  return state.items.find((item) => item.id === state.selectedId) ?? null;
}

/** Return the type whose heatmap shows: the chosen one, else the predicted one, else null. */
export function shownType(state) {
  return state.chosenType ?? selectedItem(state)?.answer?.prediction.cell_type ?? null;
}

/** Return how far the images are: {total, done, failed, finished}. */
export function progress(state) {
  const count = (status) => state.items.filter((item) => item.status === status).length;
  const [done, failed] = [count("done"), count("failed")];
  return { total: state.items.length, done, failed, finished: done + failed };
}

/** Hold a state, change it through `reducer`, and tell everyone who asked. */
export function createStore(state = initialState, reducer = reduce) {
  const listeners = new Set();
  return {
    get state() { return state; },
    dispatch(action) {
      const before = state;
      state = reducer(state, action);
      if (state !== before) for (const listener of listeners) listener(state, before);
    },
    subscribe(listener) {
      listeners.add(listener);
      listener(state, state);
    },
  };
}
