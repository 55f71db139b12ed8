import {
  CASE, DOWNLOAD, filedOutcome, NEW_CASE, nothingFiled, openCases, recallFiling, rememberFiling, troubleOutcome,
} from "/static/js/live/filing.js";
import { initialState, reduce } from "/static/js/live/state.js";
import { equal, test } from "./harness.js";

const entry = (id, state, updated, more = {}) => ({ id, name: `Case ${id}`, state, updated_at: updated, ...more });
const added = { result: "added", cells: 3, same_as: null, also_in: [], error: null };
const into = { id: 7, name: "Round" };
const after = (...actions) => actions.reduce(reduce, initialState).filing;

function shelf(kept = {}) {
  return { getItem: (key) => kept[key] ?? null, setItem: (key, value) => { kept[key] = value; } };
}

test("only open cases are offered, the last changed first", () => {
  const lists = [[entry(1, "new", "2026-01-01"), entry(2, "signed", "2026-01-04")], [entry(3, "in_review", "2026-01-03")]];
  equal(openCases(lists).map(({ id }) => id), [3, 1]);
});

test("the choice is remembered, and nonsense is not believed", () => {
  const storage = shelf();
  equal(recallFiling(storage), {});
  rememberFiling(storage, { ...nothingFiled, destination: CASE, caseId: "3" });
  equal(recallFiling(storage), { destination: CASE, caseId: "3" });
  rememberFiling(storage, { ...nothingFiled, destination: DOWNLOAD });
  equal(recallFiling(storage), {});
  for (const kept of ["{", "null", '{"destination":"case","caseId":3}', '{"destination":"moon"}']) {
    equal(recallFiling({ getItem: () => kept }), {}, kept);
  }
});

test("a browser that keeps nothing is no error", () => {
  const refusing = { getItem() { throw new Error("no"); }, setItem() { throw new Error("no"); } };
  rememberFiling(refusing, nothingFiled);
  equal(recallFiling(refusing), {});
});

test("a chosen case that is signed meanwhile gives way to a new one", () => {
  const chosen = [{ type: "destinationChosen", destination: CASE }, { type: "caseChosen", caseId: "3" }];
  equal(after(...chosen, { type: "casesListed", cases: [entry(3, "new", "a")] }).caseId, "3");
  equal(after(...chosen, { type: "casesListed", cases: [entry(4, "new", "a")] }).caseId, NEW_CASE);
});

test("a case just made is the one that the next snapshot goes to", () => {
  const filing = after({ type: "casesListed", cases: [entry(1, "new", "a")] }, { type: "caseMade", made: entry(9, "new", "b") });
  equal([filing.caseId, filing.cases.map(({ id }) => id)], ["9", [9, 1]]);
});

test("what became of a snapshot is said in words, with the way to its case", () => {
  equal(filedOutcome(added, into), {
    well: true, words: "In Round: 3 white cells found.", link: { href: "/cases/7", words: "Open the case" },
  });
  equal(filedOutcome({ ...added, cells: 1, also_in: [2] }, into).words, "In Round: 1 white cell found. It is in case 2 as well.");
  equal(filedOutcome({ ...added, cells: 0 }, into).words, "In Round: no whole white cell found.");
  equal(filedOutcome({ ...added, result: "duplicate", cells: 0, same_as: "a.png" }, into).words,
    "The same picture is in Round already, as a.png.");
  const failed = filedOutcome({ ...added, result: "failed", cells: 0, error: "It is empty." }, into);
  equal([failed.well, failed.words], [false, "Not in Round: It is empty."]);
});

test("where a login is missing the way there is given, other refusals in the server's words", () => {
  const words = { title: "Log in first", detail: "…" };
  equal(troubleOutcome({ code: "login-needed", words }, "/login?next=%2Flive").link, { href: "/login?next=%2Flive", words: "Log in" });
  const refused = troubleOutcome({ code: "signed", words: { title: "Signed.", detail: "Case 3 is signed." } }, "/login");
  equal(refused, { well: false, words: "Signed. Case 3 is signed.", link: null });
});

test("a snapshot on its way is said until it has arrived", () => {
  const began = { type: "filingBegan" };
  equal(after(began).busy, true);
  const outcome = filedOutcome(added, into);
  const ended = after(began, { type: "filingEnded", outcome });
  equal([ended.busy, ended.outcome], [false, outcome]);
  equal(after(began, { type: "filingEnded", outcome }, { type: "caseChosen", caseId: "1" }).outcome, null);
});
