/**
 * What the page of a case knows, in one place, and the only function that changes it. Pure.
 *
 * `server` holds the cells as the server has them, `wishes` what this reader asked for and was not
 * answered yet, and `cells` both together: what shows.
 */

import { binOf, galleryOrder, groupCells, passes } from "./cells.js";
import { stillTyped, untouched } from "./entered.js";

const MOST_NOTICES = 4;
/** So many steps are kept. */
const MOST_STEPS = 500;
/** A selection is a Set that is never changed, only replaced. */
const NONE = Object.freeze(new Set());
/** What was done and can be taken back, in order. */
export const emptyHistory = Object.freeze({ done: [], undone: [] });

export const initialState = Object.freeze({
  phase: "loading", // → ready or failed
  problem: null, // why it failed, in words
  me: null, // {name, role}
  accounts: false,
  case: null,
  versions: [],
  types: [], // {name, display_name, key, counted, parent, loinc, by_model, critical}
  classList: "", // the title of the list that they come from
  images: new Map(), // id → image
  reading: null, // the second reading that is open here, or null
  server: new Map(), // id → cell
  wishes: new Map(), // id → {type, count}
  cells: new Map(), // id → cell, as shown
  filter: "all",
  tile: "medium",
  selection: NONE,
  anchor: null,
  focusId: null,
  hoveredId: null,
  seen: NONE, // ids of cells that were on the screen whole
  opened: NONE, // ids of cells that the reader had before them one by one
  heat: false,
  inspectedId: null,
  queue: false, // whether it fills the room, one doubtful cell after the other
  sheet: null, // {ids, columns}: cells of one suggestion that the queue shows together
  closer: false, // whether one of them shows alone
  similar: null, // {id, cells}: named cells that look like the inspected one
  detail: null, // the inspected cell with all that the model said, once it is here
  history: emptyHistory,
  entries: null, // what was entered beside the cells, as the case has it
  typed: Object.freeze({}), // what was changed of it since and is not kept yet
  entriesError: null, // why it was not
  pastTarget: null, // the target that the reader counts on past
  suggestions: true, // whether the model's word counts where nobody has decided
  numbers: null, // the server's differential
  numbersError: null,
  away: false, // whether the server does not answer
  notices: [], // {id, words, kind, ids}
  nextNotice: 1,
  cut: [], // white cells that a border cuts and nobody has counted: {image_id, box, score}
});

const handlers = {
  failed: (state, { problem }) => ({ ...state, phase: "failed", problem }),
  sessionLoaded: (state, { reader, accounts }) => ({ ...state, me: reader, accounts }),
  caseLoaded: (state, { found, versions, types, classList }) => ({
    ...state, case: found, versions: versions ?? state.versions, types: types ?? state.types, classList: classList ?? state.classList,
  }),
  imagesLoaded: (state, { images }) => ({ ...state, images: new Map(images.map((image) => [image.id, image])) }),
  cellsLoaded(state, { cells }) {
    const server = new Map(cells.map((cell) => [cell.id, cell]));
    const next = withCells({ ...state, phase: "ready", server }, cells.map(({ id }) => id), true);
    const has = (id) => next.cells.has(id);
    return {
      ...next,
      history: onlyOf(state.history, has),
      selection: kept(state.selection, has),
      focusId: has(state.focusId) ? state.focusId : firstOf(next),
      inspectedId: has(state.inspectedId) ? state.inspectedId : null,
      queue: state.queue && has(state.inspectedId),
    };
  },
  readingBegan: (state, { reading }) => ({ ...state, ...CLEAN, reading }),
  readingEnded: (state) => ({ ...state, ...CLEAN, reading: null }),

  wished(state, { changes, step }) {
    const wishes = new Map(state.wishes);
    for (const [id, type] of changes) wishes.set(id, { type, count: (wishes.get(id)?.count ?? 0) + 1 });
    const history = step ? pushed(state.history, step) : state.history;
    return withCells({ ...state, wishes, history }, changes.map(([id]) => id));
  },
  settled(state, { ids, cells, found, key, batch }) {
    const server = new Map(state.server);
    for (const cell of cells) server.set(cell.id, { ...server.get(cell.id), ...cell });
    const history = batch === null ? without(state.history, key) : numbered(state.history, key, batch);
    return withCells({ ...state, server, history, wishes: lessWishes(state.wishes, ids), case: found ?? state.case }, ids);
  },
  refused(state, { ids, changes, key }) {
    const server = new Map(state.server);
    for (const change of changes) server.set(change.id, { ...server.get(change.id), ...change });
    const touched = [...ids, ...changes.map(({ id }) => id)];
    const wishes = lessWishes(state.wishes, ids);
    return withCells({ ...state, server, wishes, history: without(state.history, key) }, touched);
  },
  added: (state, { id }) => ({ ...state, history: pushed(state.history, { key: `added-${id}`, added: id, before: [], after: [] }) }),
  withdrawn: (state, { key }) => ({ ...state, history: without(state.history, key) }),
  tookBack: (state) => ({ ...state, history: takenBack(state.history)?.history ?? state.history }),
  didAgain: (state) => ({ ...state, history: doneAgain(state.history)?.history ?? state.history }),

  focused: (state, { id, hover = false }) => (id === state.focusId && (hover || state.hoveredId === null)
    ? state : { ...state, focusId: id, hoveredId: hover ? state.hoveredId : null }),
  hovered: (state, { id }) => (id === state.hoveredId ? state : { ...state, hoveredId: id }),
  selected(state, { ids, anchor = null, add = false }) {
    const found = new Set(ids);
    return { ...state, selection: add ? joined(state.selection, found) : found, anchor: anchor ?? state.anchor };
  },
  filtered: (state, { filter }) => ({ ...state, filter, selection: NONE }),
  tileSized: (state, { tile }) => ({ ...state, tile }),
  saw(state, { ids }) {
    const fresh = ids.filter((id) => !state.seen.has(id));
    return fresh.length ? { ...state, seen: joined(state.seen, fresh) } : state;
  },
  opened: (state, { id, ids = [id] }) => ids.reduce(withOpened, state),
  heatTurned: (state, { on = !state.heat }) => ({ ...state, heat: on }),
  /** `sheet`: the ids that show with it; without, those that did, where it is one of them. */
  inspected: (state, { id, queue = state.queue, sheet, closer = state.closer }) => {
    const shown = sheet === undefined ? state.sheet : sheet && { ids: sheet, columns: 1 };
    const kept = shown?.ids.includes(id) ? shown : null;
    return {
      ...withOpened(state, id), inspectedId: id, queue: queue && id !== null, sheet: kept, closer: closer && kept !== null,
      detail: state.detail?.id === id ? state.detail : null, similar: state.similar?.id === id ? state.similar : null,
    };
  },
  /** There is room for these of the sheet's cells. */
  fitted: (state, { ids, columns }) => (state.sheet
    ? { ...state, sheet: { ids: state.sheet.ids.filter((id) => ids.includes(id)), columns } } : state),
  similarLoaded: (state, { id, cells }) => (id === state.inspectedId ? { ...state, similar: { id, cells } } : state),
  detailLoaded: (state, { detail }) => (detail.id === state.inspectedId ? { ...state, detail } : state),

  counted: (state, { suggestions }) => ({ ...state, suggestions }),
  typedIn: (state, { values }) => ({ ...state, typed: { ...state.typed, ...values }, entriesError: null }),
  entered: (state, { entries, sent, found }) => ({
    ...state, entries, typed: stillTyped(state.typed, sent), entriesError: null, case: found,
  }),
  entryRefused: (state, { theirs, error }) => (theirs
    ? { ...state, entries: theirs, typed: untouched(state.typed, state.entries, theirs), entriesError: null }
    : { ...state, entriesError: error }),
  numbersLoaded: (state, { numbers }) => ({
    ...state, numbers, numbersError: null,
    // One asked for before something was entered may come after it.
    entries: numbers.entries.revision < (state.entries?.revision ?? 0) ? state.entries : numbers.entries,
  }),
  countedOn: (state) => ({ ...state, pastTarget: targetOf(state) }),
  numbersFailed: (state, { error }) => ({ ...state, numbersError: error }),
  cutLoaded: (state, { cut }) => ({ ...state, cut }),

  lost: (state) => ({ ...state, away: true }),
  found: (state) => ({ ...state, away: false }),

  noticed(state, { words, kind = "info", ids = [] }) {
    const others = state.notices.filter((notice) => notice.words !== words); // said again, not twice
    const notices = [...others, { id: state.nextNotice, words, kind, ids }].slice(-MOST_NOTICES);
    return { ...state, notices, nextNotice: state.nextNotice + 1 };
  },
  dismissed: (state, { id }) => ({ ...state, notices: state.notices.filter((notice) => notice.id !== id) }),
};

const CLEAN = Object.freeze({
  phase: "loading", server: new Map(), wishes: new Map(), cells: new Map(), filter: "all", selection: NONE, anchor: null,
  focusId: null, hoveredId: null, inspectedId: null, queue: false, sheet: null, closer: false, similar: null, detail: null,
  history: emptyHistory, numbers: null, heat: false,
});

/** Return the state after an action `{type, ...}`; an unknown type is a programming error. */
export function reduce(state, action) {
  const handler = handlers[action.type];
  if (!handler) throw new Error(`Unknown action ${action.type}`);
  return withRing(withSheet(handler(state, action)));
}

/** Keep on the sheet what is undecided, and the ring on one of them. */
function withSheet(state) {
  const { sheet, cells, queue, closer, inspectedId } = state;
  if (!sheet) return state;
  const ids = sheet.ids.filter((id) => cells.get(id)?.decided_type === null);
  if (!queue || !ids.length) return { ...state, sheet: null, closer: false };
  const next = ids.length === sheet.ids.length ? state : { ...state, sheet: { ...sheet, ids } };
  return closer || ids.includes(inspectedId) ? next : { ...withOpened(next, ids[0]), inspectedId: ids[0], focusId: ids[0] };
}

/** Keep the ring on a cell that shows: where a filter hides its own, the first that shows takes it. */
function withRing(state) {
  const cell = state.cells.get(state.focusId);
  if (cell && passes(cell, state.filter)) return state;
  const id = firstOf(state);
  return id === state.focusId ? state : { ...state, focusId: id };
}

/** Return the cell that comes first in the gallery, an undecided one where there is any, or null. */
function firstOf({ cells, types, filter }) {
  const order = groupCells(cells.values(), galleryOrder(types), filter).flatMap((group) => group.cells);
  return (order.find((cell) => cell.decided_type === null) ?? order[0])?.id ?? null;
}

/** Return the state with `ids` shown as the server has them and as was wished since. */
function withCells(state, ids, anew = false) {
  const cells = anew ? new Map() : new Map(state.cells);
  for (const id of ids) {
    const there = state.server.get(id);
    if (!there) continue;
    const wish = state.wishes.get(id);
    cells.set(id, wish ? { ...there, decided_type: wish.type, pending: true } : there);
  }
  return { ...state, cells };
}

function withOpened(state, id) {
  return id === null || state.opened.has(id) ? state : { ...state, opened: joined(state.opened, [id]) };
}

function lessWishes(wishes, ids) {
  const next = new Map(wishes);
  for (const id of ids) {
    const wish = next.get(id);
    if (!wish) continue;
    if (wish.count > 1) next.set(id, { ...wish, count: wish.count - 1 });
    else next.delete(id);
  }
  return next;
}

/** Say whether nothing may be changed: the case is signed, and this is no second reading. */
export function isReadOnly({ case: found, reading }) {
  return found?.state === "signed" && reading === null;
}

/** Return the sheet where it shows, or null. */
export const onSheet = ({ sheet, closer }) => (closer ? null : sheet);

/** Return the undecided cells, in the order in which they came. */
export function undecided({ cells }) {
  return [...cells.values()].filter((cell) => cell.decided_type === null);
}

/** Return the white cells to count, as entered; undefined before that is known. */
export const targetOf = ({ typed, entries }) => typed.target ?? entries?.target;

const named = (types, quality) => new Set(types.filter((type) => type[quality]).map(({ name }) => name));

/** Return how many white cells can be decided until the count stops; Infinity where it does not. */
export function roomLeft(state) {
  const target = targetOf(state);
  if (state.reading !== null || target === undefined || state.pastTarget === target) return Infinity;
  const white = named(state.types, "counted");
  let left = target;
  for (const { decided_type: type } of state.cells.values()) if (white.has(type)) left -= 1;
  return Math.max(0, left);
}

/**
 * Return {taken, beyond}: of changes [id, type] those that the count takes, and the ids of new white cells
 * beyond its target. What must not be overlooked is always taken.
 */
export function withinTarget(state, changes) {
  const [white, critical] = [named(state.types, "counted"), named(state.types, "critical")];
  let room = roomLeft(state);
  const beyond = [];
  const taken = changes.filter(([id, type]) => {
    const isNew = white.has(type) && !white.has(state.cells.get(id)?.decided_type);
    if (!isNew || critical.has(type)) return true;
    room -= 1;
    if (room < 0) beyond.push(id);
    return room >= 0;
  });
  return { taken, beyond };
}

/** Return {bin: [decided, not decided]} of what shows. */
export function binCounts({ cells }) {
  const counts = {};
  for (const cell of cells.values()) {
    const count = (counts[binOf(cell)] ??= [0, 0]);
    count[cell.decided_type === null ? 1 : 0] += 1;
  }
  return counts;
}

/** Return the selection with a cell put in, or taken out. */
export function toggled(selection, id) {
  const next = new Set(selection);
  if (!next.delete(id)) next.add(id);
  return next;
}

/** Return what lies from `anchor` to `id` in an order, both included; `id` alone without anchor. */
export function range(order, anchor, id) {
  const [from, to] = [order.indexOf(anchor), order.indexOf(id)];
  if (from < 0 || to < 0) return new Set([id]);
  return new Set(order.slice(Math.min(from, to), Math.max(from, to) + 1));
}

/** Return both selections as one. */
function joined(one, other) {
  return new Set([...one, ...other]);
}

/** Return the selection without what is not there any more; the same one where all is. */
function kept(selection, has) {
  const there = [...selection].filter(has);
  return there.length === selection.size ? selection : new Set(there);
}

/**
 * Return what a key or a button acts on: what is selected, else the cell that wears the ring. Where a
 * mouse rests says nothing.
 */
export function targets({ selection, focusId }) {
  if (selection.size) return [...selection];
  return focusId === null ? [] : [focusId];
}

/**
 * Return the history with one more step; what had been taken back is gone. A step is {key, batch,
 * before, after}: pairs [id, type] of the cells, `batch` the server's number once it is known; or {key,
 * added, …}: a cell that was added by hand, which taking back takes out.
 */
export function pushed({ done }, step) {
  return { done: [...done, step].slice(-MOST_STEPS), undone: [] };
}

/** Return {history, step} with the last step taken back, or null where there is none. */
export function takenBack({ done, undone }) {
  const step = done.at(-1);
  return step ? { step, history: { done: done.slice(0, -1), undone: [...undone, step] } } : null;
}

/** Return {history, step} with what was taken back last done again, or null. */
export function doneAgain({ done, undone }) {
  const step = undone.at(-1);
  return step ? { step, history: { done: [...done, step], undone: undone.slice(0, -1) } } : null;
}

/** Return the history without cells that are gone, and without steps that nothing is left of. */
function onlyOf(history, has) {
  const there = (steps) => steps
    .map((step) => ({ ...step, before: step.before.filter(([id]) => has(id)), after: step.after.filter(([id]) => has(id)) }))
    .filter(({ after, added }) => after.length || has(added));
  return { done: there(history.done), undone: there(history.undone) };
}

/** Return the history with a step's batch known: the one that undoing it next has to name. */
export function numbered(history, key, batch) {
  const number = (step) => (step.key === key ? { ...step, batch } : step);
  return { done: history.done.map(number), undone: history.undone.map(number) };
}

/** Return the history without a step: it was refused, or came to nothing. */
export function without(history, key) {
  const keep = (step) => step.key !== key;
  return { done: history.done.filter(keep), undone: history.undone.filter(keep) };
}
