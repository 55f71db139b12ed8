/** Which cells are selected. A selection is a Set that is never changed, only replaced. Pure. */

export const NONE = Object.freeze(new Set());

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
export function joined(one, other) {
  return new Set([...one, ...other]);
}

/** Return the selection without what is not there any more; the same one where all is. */
export function kept(selection, has) {
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
