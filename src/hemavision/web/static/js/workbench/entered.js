/** What a reader enters beside the cells: as the server keeps it, and as it was typed since. Pure. */

/** Return a number that a person typed, comma or point, or null where there is none. */
export function numberFrom(text) {
  const cleaned = text.trim().replace(",", ".");
  if (!/^\d{1,5}(\.\d{1,6})?$/.test(cleaned)) return null;
  return Number(cleaned);
}

/** Return a number, or a number with its unit for the server to read ("6200/ul"), or null. */
export const countFrom = (text) => numberFrom(text) ?? (/^[\d.,]+\s*[^/]*\/(l|[uµ]l|nl|mm[3³])$/i.test(text.trim()) ? text.trim() : null);

/** Return a whole number of cells that a person typed, or null. */
export function wholeFrom(text) {
  const value = numberFrom(text);
  return Number.isInteger(value) && value > 0 ? value : null;
}

/** Say whether something was typed that the server does not have. */
export const isTyped = (typed) => Object.keys(typed).length > 0;

/** Return what is still typed after `sent` was kept: what was changed while it was on its way. */
export function stillTyped(typed, sent) {
  return Object.fromEntries(Object.entries(typed).filter(([name, value]) => !same(value, sent[name])));
}

/** Return what of `typed` nobody else has changed meanwhile, from `before` to `theirs`. */
export function untouched(typed, before, theirs) {
  return Object.fromEntries(Object.entries(typed).filter(([name]) => same(before[name], theirs[name])));
}

/** Return the query of the differential and of the report. */
export const countQuery = (suggestions) => (suggestions ? "?suggestions=true" : "");

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
