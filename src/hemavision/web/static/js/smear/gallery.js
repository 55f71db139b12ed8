/** The white cells of all fields, in the order of the gallery. Pure. */

import { doubtOrder } from "./cells.js";

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
