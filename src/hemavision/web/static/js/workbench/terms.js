/** What the counts are read against: as the address says it, and kept in this browser by case. Pure. */

/** Return the query of the differential and of the report. */
export function termsQuery({ target, whiteCells, nucleatedApart, analyser, suggestions }) {
  const query = new URLSearchParams();
  if (suggestions) query.set("suggestions", "true");
  if (target) query.set("target", String(target));
  if (whiteCells !== null) query.set("white_cells", String(whiteCells));
  if (whiteCells !== null && nucleatedApart) query.set("nucleated_apart", "true");
  const entered = Object.entries(analyser).map(([name, value]) => `${name}:${value}`);
  if (entered.length) query.set("analyser", entered.join(","));
  const text = query.toString();
  return text ? `?${text}` : "";
}

/** Return a number that a person typed, comma or point, or null where there is none. */
export function numberFrom(text) {
  const cleaned = text.trim().replace(",", ".");
  if (!/^\d{1,5}(\.\d{1,6})?$/.test(cleaned)) return null;
  return Number(cleaned);
}

const KEY = (id) => `hemavision-case-${id}`;

/** Return what was entered for a case in this browser before. */
export function recall(storage, id) {
  try {
    const { target, whiteCells, nucleatedApart, analyser } = JSON.parse(storage.getItem(KEY(id)) ?? "{}");
    return {
      target: Number.isInteger(target) ? target : null,
      whiteCells: Number.isFinite(whiteCells) ? whiteCells : null,
      nucleatedApart: nucleatedApart === true,
      analyser: isNumbers(analyser) ? analyser : {},
    };
  } catch {
    return {}; // what another program wrote there is not ours to read
  }
}

/** Keep what was entered for a case; a browser that keeps nothing is no error. */
export function remember(storage, id, { target, whiteCells, nucleatedApart, analyser }) {
  try {
    storage.setItem(KEY(id), JSON.stringify({ target, whiteCells, nucleatedApart, analyser }));
  } catch {
    // Full, or switched off: the page goes on without.
  }
}

function isNumbers(value) {
  return value !== null && typeof value === "object" && Object.values(value).every(Number.isFinite);
}
