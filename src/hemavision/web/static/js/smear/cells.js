/** The cells of a field: which show, in what order, which lies under a point; and those of all fields. Pure. */

export const KINDS = Object.freeze(["white_cell", "red_cell", "platelet"]);
const DOUBT = { confident: 0, check: 1, unfamiliar: 2 };
const ROW_SHARE = 0.6; // of a cell's height: what lies no further down belongs to the same row

/** Return the cells whose kind's layer is on. */
export function visibleCells(cells, layers) {
  return cells.filter((cell) => layers[cell.kind]);
}

/** Return what the keys walk through: the white cells that show, or all that shows if none does. */
export function walkedCells(cells, layers) {
  const visible = visibleCells(cells, layers);
  const white = visible.filter((cell) => cell.kind === "white_cell");
  return white.length ? white : visible;
}

/** Return cells row by row from the top, each row from the left. */
export function readingOrder(cells) {
  if (!cells.length) return [];
  const heights = cells.map(({ box }) => box.bottom - box.top).sort((a, b) => a - b);
  const step = ROW_SHARE * heights[Math.floor(heights.length / 2)];
  const down = [...cells].sort((a, b) => middle(a).y - middle(b).y);
  const rows = [];
  for (const cell of down) {
    const row = rows.at(-1);
    if (row && middle(cell).y - middle(row[0]).y <= step) row.push(cell);
    else rows.push([cell]);
  }
  return rows.flatMap((row) => row.sort((a, b) => middle(a).x - middle(b).x));
}

/** Return how doubtful a cell is: 0 to 1 confident, above 1 to check, above 2 unfamiliar. */
function doubt({ prediction, score }) {
  if (!prediction) return (1 - score) / 2;
  const { status, confidence, novelty } = prediction;
  const within = status === "unfamiliar" ? 1 - 1 / (1 + novelty) : 1 - confidence;
  return (DOUBT[status] ?? 0) + within;
}

/** Return cells with the most doubtful first; equal ones keep their order. */
export function doubtOrder(cells) {
  return [...cells].sort((a, b) => doubt(b) - doubt(a));
}

/** Return the id `by` steps on from `id` in an order that goes round, or null where it is empty. */
export function stepFrom(ordered, id, by) {
  if (!ordered.length) return null;
  const here = ordered.findIndex((cell) => cell.id === id);
  if (here < 0) return ordered[by > 0 ? 0 : ordered.length - 1].id;
  return ordered[(here + by + ordered.length) % ordered.length].id;
}

/** Return the cell under a point of the field: the smallest box around it, white ones first. */
export function cellAt(cells, { x, y }, slack = 0) {
  let best = null;
  for (const cell of cells) {
    const { left, top, right, bottom } = cell.box;
    if (x < left - slack || x > right + slack || y < top - slack || y > bottom + slack) continue;
    const size = (right - left) * (bottom - top) * (cell.kind === "white_cell" ? 0.25 : 1);
    if (!best || size < best.size) best = { cell, size };
  }
  return best?.cell ?? null;
}

/** Return the middle of a cell's box. */
function middle({ box }) {
  return { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 };
}

/** Return [{fieldId, fieldName, cell}] of all fields that have been read. */
export function galleryCells(items) {
  return items.flatMap((item) => (item.answer?.smear.cells ?? [])
    .filter((cell) => cell.prediction)
    .map((cell) => ({ fieldId: item.id, fieldName: item.name, cell })));
}

/**
 * Return the gallery's groups [{name, entries}]: a group a type (the largest first, in each the
 * most doubtful first), or one group without a name by doubt alone.
 */
export function galleryGroups(entries, order) {
  const owner = new Map(entries.map((entry) => [entry.cell, entry]));
  const ordered = doubtOrder([...owner.keys()]).map((cell) => owner.get(cell));
  if (order === "doubt") return ordered.length ? [{ name: null, entries: ordered }] : [];
  const groups = new Map();
  for (const entry of ordered) {
    const name = entry.cell.prediction.cell_type;
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(entry);
  }
  return [...groups].map(([name, members]) => ({ name, entries: members }))
    .sort((a, b) => b.entries.length - a.entries.length || a.name.localeCompare(b.name));
}

/** Return the groups cut down to `most` entries in all, and how many that leaves out. */
export function firstOf(groups, most) {
  let left = most;
  const shown = groups.map((group) => {
    const entries = group.entries.slice(0, left);
    left -= entries.length;
    return { ...group, total: group.entries.length, entries };
  }).filter((group) => group.entries.length);
  const all = groups.reduce((total, group) => total + group.entries.length, 0);
  return { groups: shown, leftOut: all - (most - left) };
}
