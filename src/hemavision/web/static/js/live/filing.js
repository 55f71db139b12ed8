/** Where snapshots go, and what became of the last one that went to a case. Pure. */

import { _, n_, said } from "../words.js";

export const DOWNLOAD = "download";
export const CASE = "case";
export const NEW_CASE = "new";
const KEY = "hemavision.live.snapshots";

export const nothingFiled = Object.freeze({
  destination: DOWNLOAD, // or CASE
  cases: [], // {id, name, …}: those open, the last changed first
  caseId: NEW_CASE, // or the number of one, as text
  busy: false,
  outcome: null, // {well, words, link: {href, words} or null}
});

export const filingHandlers = {
  destinationChosen: (filing, { destination }) => ({ ...filing, destination, outcome: null }),
  caseChosen: (filing, { caseId }) => ({ ...filing, caseId, outcome: null }),
  casesListed: (filing, { cases }) => ({ ...filing, cases, caseId: stillThere(cases, filing.caseId) }),
  caseMade: (filing, { made }) => ({ ...filing, cases: [made, ...filing.cases], caseId: String(made.id) }),
  filingBegan: (filing) => ({ ...filing, busy: true, outcome: null }),
  filingEnded: (filing, { outcome }) => ({ ...filing, busy: false, outcome }),
};

function stillThere(cases, caseId) {
  return cases.some(({ id }) => String(id) === caseId) ? caseId : NEW_CASE;
}

/** Return the cases of several lists that images can go into, the last changed first. */
export function openCases(lists) {
  const open = lists.flat().filter(({ state }) => state !== "signed");
  return open.toSorted((a, b) => b.updated_at.localeCompare(a.updated_at));
}

/** Return {destination, caseId} as last chosen in this browser, or nothing. */
export function recallFiling(storage) {
  try {
    const { destination, caseId } = JSON.parse(storage.getItem(KEY));
    return destination === CASE && typeof caseId === "string" ? { destination, caseId } : {};
  } catch {
    return {}; // nothing kept, not ours, or a browser that keeps nothing
  }
}

export function rememberFiling(storage, { destination, caseId }) {
  try {
    storage.setItem(KEY, JSON.stringify({ destination, caseId }));
  } catch {
    // A browser that keeps nothing: the choice holds as long as the page is open.
  }
}

/** Return the outcome of what the server did with a snapshot. */
export function filedOutcome({ result, cells, same_as: same, also_in: also, error }, { id, name }) {
  const link = { href: `/cases/${id}`, words: _("Open the case") };
  if (result === "failed") return { well: false, words: _("Not in {name}: {error}", { name, error: said(error) }), link };
  if (result === "duplicate") return { well: true, words: _("The same picture is in {name} already, as {same}.", { name, same }), link };
  const elsewhere = also.length
    ? ` ${n_("It is in case {cases} as well.", "It is in cases {cases} as well.", also.length, { cases: also.join(", ") })}` : "";
  return { well: true, words: `${_("In {name}: {found}.", { name, found: foundWords(cells) })}${elsewhere}`, link };
}

function foundWords(cells) {
  if (cells === 0) return _("no whole white cell found");
  return n_("{n} white cell found", "{n} white cells found", cells);
}

/** Return the outcome of a refusal; where a login is missing, with the way there and back. */
export function troubleOutcome({ code, words: { title, detail } }, login) {
  if (code === "login-needed") {
    return { well: false, words: _("Snapshots go to a case only for readers who are logged in."), link: { href: login, words: _("Log in") } };
  }
  return { well: false, words: `${title.replace(/\.$/, "")}. ${detail}`, link: null };
}
