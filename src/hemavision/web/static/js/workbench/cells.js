/** A case's cells: which bin each lies in, in what order, which of them a filter shows. Pure. */

/** Bins that are no types: nothing in them is counted before a person decides. */
export const UNFAMILIAR = "unfamiliar";
export const TO_READ = "to_read";

/** So many cells may be looked at together, large. */
const SHEET = 12;

export const FILTERS = Object.freeze(["all", "undecided", "check", "unfamiliar", "decided"]);

/** Return the bin that a cell lies in: the person's type, else the model's, else none yet. */
export function binOf({ decided_type: decided, suggestion }) {
  if (decided !== null) return decided;
  if (!suggestion) return TO_READ;
  return suggestion.status === "unfamiliar" ? UNFAMILIAR : suggestion.cell_type;
}

export const isDecided = (cell) => cell.decided_type !== null;

/** Return the type that committing a cell would give it, or null: nobody said what it is. */
export function committable(cell) {
  const bin = binOf(cell);
  return bin === UNFAMILIAR || bin === TO_READ ? null : bin;
}

/** Return how doubtful a cell is: 0 to 1 by confidence, above 1 where it is unfamiliar. */
function doubt({ suggestion }) {
  if (!suggestion) return 0;
  return (suggestion.status === "unfamiliar" ? 1 : 0) + (1 - suggestion.confidence);
}

/** Say whether a filter shows a cell. */
export function passes(cell, filter) {
  if (filter === "all") return true;
  if (filter === "decided") return isDecided(cell);
  if (isDecided(cell)) return false;
  return filter === "undecided" || cell.suggestion?.status === filter;
}

/** Return how many cells each filter shows. */
export function filterCounts(cells) {
  const counts = Object.fromEntries(FILTERS.map((filter) => [filter, 0]));
  for (const cell of cells) {
    for (const filter of FILTERS) if (passes(cell, filter)) counts[filter] += 1;
  }
  return counts;
}

/** Return the names of types in the gallery's order: what must not be overlooked first. */
export function galleryOrder(types) {
  const ranked = [...types.filter(({ critical }) => critical), ...types.filter(({ critical }) => !critical)];
  return ranked.map(({ name }) => name);
}

/**
 * Return the gallery's groups, [{name, cells}]: what nobody has named first, then the types in
 * their order, each with the most doubtful cell first. A committed cell keeps its place, so that
 * nothing moves under the reader's hands but what changes its type.
 */
export function groupCells(cells, types, filter = "all") {
  const bins = new Map([UNFAMILIAR, TO_READ, ...types].map((name) => [name, []]));
  for (const cell of cells) {
    if (!passes(cell, filter)) continue;
    const name = binOf(cell);
    if (!bins.has(name)) bins.set(name, []);
    bins.get(name).push(cell);
  }
  const groups = [];
  for (const [name, found] of bins) {
    if (found.length) groups.push({ name, cells: name === TO_READ ? found : doubtOrder(found) });
  }
  return groups;
}

/** Return cells with the most doubtful first; equal ones by number. */
export function doubtOrder(cells) {
  return [...cells].sort((a, b) => doubt(b) - doubt(a) || a.id - b.id);
}

/**
 * Return what a type's confident suggestions are worth committing at once: {ready, unseen}, ids.
 * Only what has been on the screen is ready.
 */
export function confidentOf(cells, name, seen) {
  const found = cells.filter((cell) =>
    !isDecided(cell) && cell.suggestion?.status === "confident" && cell.suggestion.cell_type === name);
  return {
    ready: found.filter(({ id }) => seen.has(id)).map(({ id }) => id),
    unseen: doubtOrder(found.filter(({ id }) => !seen.has(id))).map(({ id }) => id),
  };
}

/**
 * Return what several cells' suggestions are worth committing at once: {ready, unseen, doubtful}, ids.
 * What a person has not had on the screen, and what the model itself doubts, is decided one by one;
 * what is decided already is in none of them.
 */
export function togetherOf(cells, seen) {
  const parted = { ready: [], unseen: [], doubtful: [] };
  for (const cell of cells) {
    if (isDecided(cell)) continue;
    const sure = cell.suggestion?.status === "confident";
    parted[!seen.has(cell.id) ? "unseen" : sure ? "ready" : "doubtful"].push(cell.id);
  }
  return parted;
}

/**
 * Return what several cells may be called by one word of the reader's: {ready, unseen, doubtful}, ids. What
 * the model doubts needs a look of its own first: `opened` says which had it.
 */
export function namedTogetherOf(cells, seen, opened) {
  const parted = { ready: [], unseen: [], doubtful: [] };
  for (const cell of cells) {
    const waits = cell.suggestion && isDoubtful(cell) && !opened.has(cell.id);
    parted[!seen.has(cell.id) ? "unseen" : waits ? "doubtful" : "ready"].push(cell.id);
  }
  return parted;
}

/** Say whether a cell waits for a person: undecided, and the model doubts its word or gives none. */
export const isDoubtful = (cell) => !isDecided(cell) && cell.suggestion?.status !== "confident";

/** Return cells as the queue takes them: by type in the gallery's order, then the unfamiliar ones, one by one. */
function queueOrder(cells, types) {
  const groups = groupCells(cells, galleryOrder(types));
  const strange = groups.filter(({ name }) => name === UNFAMILIAR);
  return [...groups.filter(({ name }) => name !== UNFAMILIAR), ...strange].flatMap((group) => group.cells);
}

/**
 * Return the next doubtful cell after `id`, going round; null for none but those of `done`. Critical types
 * come first, unfamiliar cells last.
 */
export function nextDoubtful(cells, types, id, done = []) {
  const order = queueOrder(cells, types);
  const here = order.findIndex((cell) => cell.id === id);
  const turned = [...order.slice(here + 1), ...order.slice(0, here + 1)];
  return turned.find((cell) => isDoubtful(cell) && !done.includes(cell.id))?.id ?? null;
}

/**
 * Return the ids that a sheet shows together, `id` first: undecided cells that the model suggests the same of and
 * says *check* to, at most `SHEET`; null where `id` has none beside it, or is unfamiliar: it is decided alone.
 */
export function sheetOf(cells, types, id) {
  const order = queueOrder(cells, types);
  const here = order.findIndex((cell) => cell.id === id);
  const first = order[here]?.suggestion;
  if (first?.status !== "check" || isDecided(order[here])) return null;
  const alike = [...order.slice(here), ...order.slice(0, here)].filter((cell) => (
    !isDecided(cell) && cell.suggestion?.status === "check" && cell.suggestion.cell_type === first.cell_type));
  return alike.length > 1 ? alike.slice(0, SHEET).map((cell) => cell.id) : null;
}

/** Return how many cells are doubtful. */
export const countDoubtful = (cells) => [...cells].filter(isDoubtful).length;

/** Return the next undecided cell after `id` in the gallery's order, going round; null for none. */
export function nextUndecided(groups, id) {
  const order = groups.flatMap(({ cells }) => cells);
  const here = order.findIndex((cell) => cell.id === id);
  const turned = [...order.slice(here + 1), ...order.slice(0, here + 1)];
  return turned.find((cell) => !isDecided(cell))?.id ?? null;
}

/**
 * Return which cell the keys go on to once `ids` are decided: the next undecided one after `from`, going
 * round, or null: what several leave out comes next. Never a decided one: whoever types ahead would name it anew.
 */
export function successor(groups, ids, from) {
  const order = groups.flatMap(({ cells }) => cells);
  const done = new Set(ids);
  const here = order.findIndex(({ id }) => id === from);
  const turned = [...order.slice(here + 1), ...order.slice(0, here + 1)];
  return turned.find((cell) => !done.has(cell.id) && !isDecided(cell))?.id ?? null;
}
