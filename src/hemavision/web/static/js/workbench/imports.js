/** Files on their way into a case: out of a drop, in loads that the server takes, counted. Pure but for reading. */

import { _, n_, said } from "../words.js";

/** A request takes several small files at once: one each would cost a round trip each. */
const MOST_FILES = 8;
const SHARE = 0.5; // of what a request may have; the rest is for the form's own words

/** Return files in loads of so many and so many bytes; a larger one goes alone. */
export function inLoads(files, maxBodyMb, most = MOST_FILES) {
  const limit = maxBodyMb * 2 ** 20 * SHARE;
  const loads = [];
  let [load, bytes] = [[], 0];
  for (const file of files) {
    if (load.length && (load.length >= most || bytes + file.size > limit)) {
      loads.push(load);
      [load, bytes] = [[], 0];
    }
    load.push(file);
    bytes += file.size;
  }
  return load.length ? [...loads, load] : loads;
}

/** Say whether a file could be an image or an archive of them: others' notes are left out. */
export function isWanted({ name }) {
  return !name.startsWith(".") && !/^(thumbs\.db|desktop\.ini)$/i.test(name) && !/\.(csv|txt|md|json|xml|pdf|docx?|xlsx?)$/i.test(name);
}

export const nothingYet = Object.freeze({ added: 0, duplicates: 0, failed: 0, cells: 0, told: Object.freeze([]) });

/** Return the sum so far with a load's results; `told` are those that a person has to know of. */
export function summed(sum, results) {
  const count = (wanted) => results.filter(({ result }) => result === wanted).length;
  return {
    added: sum.added + count("added"),
    duplicates: sum.duplicates + count("duplicate"),
    failed: sum.failed + count("failed"),
    cells: sum.cells + results.reduce((total, { cells }) => total + cells, 0),
    told: [...sum.told, ...results.filter(({ result, also_in: also }) => result !== "added" || also.length)],
  };
}

/**
 * Part a load into {fresh, there}: files to send, and results for those that the case has already.
 *
 * @param known SHA-256 of the case's image files → their names there
 * @param digestOf(file) resolves to a file's SHA-256, or to null where it cannot be had
 */
export async function partKnown(load, known, digestOf) {
  const parted = { fresh: [], there: [] };
  if (!known.size) return { ...parted, fresh: load };
  for (const file of load) {
    // What the case has of an archive are the images in it; a file that is gone fails when it is sent.
    const same = /\.zip$/i.test(file.name) ? undefined : known.get(await digestOf(file).catch(() => null));
    if (same === undefined) parted.fresh.push(file);
    else parted.there.push({ name: file.name, result: "duplicate", cells: 0, same_as: same, also_in: [], error: null });
  }
  return parted;
}

/** Return the result of a file that is not taken. */
export function failed({ name }, error) {
  return { name, result: "failed", cells: 0, same_as: null, also_in: [], error };
}

/** Return a file's SHA-256 in hexadecimal; null where the browser gives none (a page without TLS). */
export async function digestOf(file) {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return null;
  const bytes = new Uint8Array(await subtle.digest("SHA-256", await file.arrayBuffer()));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return what became of one file, in words. */
export function resultWords({ name, result, same_as: same, also_in: also, error }) {
  if (result === "failed") return `${name}: ${said(error)}`;
  if (result === "duplicate") return _("{name}: the same picture as {same}, which is here already", { name, same });
  return n_("{name}: added; the same file is in case {cases} as well", "{name}: added; the same file is in cases {cases} as well", also.length, { name, cases: also.join(", ") });
}

/** Return how many of what was added other cases have as well, in words, or "": perhaps a slide under two names. */
export function elsewhereWords({ added, told }) {
  const also = told.filter(({ result, also_in: cases }) => result === "added" && cases.length);
  if (!also.length) return "";
  const cases = [...new Set(also.flatMap(({ also_in: found }) => found))].sort((one, other) => one - other);
  const named = n_("case {first}", "cases {first} and {last}", cases.length, {
    first: cases.length === 1 ? cases[0] : cases.slice(0, -1).join(", "), last: cases.at(-1),
  });
  if (also.length < added) return n_("{n} of {added} is in {cases} as well", "{n} of {added} are in {cases} as well", also.length, { added, cases: named });
  return n_("it is in {cases} as well", "all {n} are in {cases} as well", added, { cases: named });
}

/** Return every file of a drop, those inside folders too, in the order of their names. */
export async function filesOf(transfer) {
  const entries = [...(transfer.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = entries.length ? (await Promise.all(entries.map(inside))).flat() : [...transfer.files];
  return files.filter(isWanted);
}

async function inside(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => { entry.file(resolve, reject); })];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!some.length) break; // it gives a hundred at a time
    found.push(...some);
  }
  found.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  return (await Promise.all(found.map(inside))).flat();
}
