import { captionWords, cellWords, completeWords, conflictWords, decidedWhite, decisionWords, entryWords, estimateWords, flagWords, foreignWords, importWords, targetWords } from "/static/js/workbench/words.js";
import { everyPage, safeNext } from "/static/js/api.js";
import { digestOf, elsewhereWords, inLoads, isWanted, nothingYet, partKnown, resultWords, summed } from "/static/js/workbench/imports.js";
import { countFrom, countQuery, isTyped, numberFrom, stillTyped, untouched, wholeFrom } from "/static/js/workbench/entered.js";
import { equal, test } from "./harness.js";

const TYPES = [{ name: "neutrophil", display_name: "Neutrophil" }, { name: "monocyte", display_name: "Monocyte" }];
const suggestion = { cell_type: "neutrophil", confidence: 0.9, status: "check", looked_elsewhere: false };
const cell = (decided, more = {}) => ({ id: 7, decided_type: decided, decided_by: decided && "ann", suggestion: { ...suggestion, ...more } });

test("what other cases have as well is said of all at once", () => {
  const file = (also, result = "added") => ({ name: "a", result, cells: 1, same_as: null, also_in: also, error: null });
  const sum = (results) => summed(nothingYet, results);
  equal(elsewhereWords(sum([file([]), file([])])), "");
  equal(elsewhereWords(sum([file([4, 2]), file([2])])), "all 2 are in cases 2 and 4 as well");
  equal(elsewhereWords(sum([file([7]), file([]), file([9], "duplicate")])), "1 of 2 is in case 7 as well");
  equal(elsewhereWords(sum([file([7])])), "it is in case 7 as well");
});

test("a tile says whose word it shows", () => {
  equal(captionWords(cell(null), TYPES), "90.0%");
  equal(captionWords(cell("neutrophil"), TYPES), "✓ 90.0%");
  equal(captionWords(cell("monocyte"), TYPES), "was neutrophil");
  equal(captionWords(cell(null, { status: "unfamiliar" }), TYPES), "unfamiliar");
  equal(captionWords({ decided_type: null, suggestion: null }, TYPES), "");
});

test("a screen reader hears whether a person has decided", () => {
  equal(cellWords(cell(null), TYPES), "Cell 7, Neutrophil, only suggested, 90.0%, check");
  equal(cellWords(cell("monocyte"), TYPES), "Cell 7, Monocyte, decided by ann, the model says neutrophil, 90.0%, check");
  equal(cellWords({ id: 7, decided_type: null, suggestion: null }, TYPES), "Cell 7, To read");
});

test("who added a cell by hand is said with it", () => {
  const added = { ...cell(null), added_by: "bob" };
  equal(cellWords(added, TYPES), "Cell 7, Neutrophil, only suggested, 90.0%, check, added by bob");
  equal(decisionWords(added), "Not decided yet. Added by hand by bob.");
  equal(decisionWords({ ...cell(null), added_by: null }), "Not decided yet.");
  equal(decisionWords({ decided_type: "monocyte", decided_by: null }), "Decided.");
  equal(entryWords({ action: "add", before: null, after: null, cell_id: 7, detail: {} }, TYPES), "added by hand: cell 7");
});

test("what others did meanwhile", () => {
  equal(foreignWords({ isSigned: true, added: 0, changed: 3 }), "the case was signed");
  equal(foreignWords({ isSigned: false, added: 1, changed: 0 }), "1 cell added");
  equal(foreignWords({ isSigned: false, added: 2, changed: 1 }), "2 cells added and 1 cell changed");
  equal(foreignWords({ isSigned: false, added: 0, changed: 0 }), "something was entered beside the cells");
});

test("a flag is sure or possible, and says what would settle it", () => {
  const reference = [55, 70];
  equal(flagWords({ flag: "none", reference }), "");
  equal(flagWords({ flag: "low", more_cells: null, reference }), "low against 55 to 70%");
  equal(flagWords({ flag: "possibly_high", more_cells: 120, reference }), "possibly high against 55 to 70%: about 120 more white cells at this share would settle it");
  equal(flagWords({ flag: "possibly_low", more_cells: null, reference }).endsWith("this slide cannot settle it"), true);
});

test("a conflict says who did what, and what shows now", () => {
  const changes = [{ id: 7, decided_type: "monocyte", decided_by: "bob", decided_at: "2026-11-25T03:00:00+00:00" }, { id: 8 }];
  const words = conflictWords({ words: {}, changes }, TYPES);
  equal(/bob decided monocyte on cell 7/.test(words) && /1 other cell changed too/.test(words), true, words);
  equal(conflictWords({ words: { title: "No", detail: "Because." }, changes: [] }, TYPES), "No. Because.");
});

test("the log in words", () => {
  equal(entryWords({ action: "decide", before: null, after: "monocyte", cell_id: 7, detail: {} }, TYPES), "decided: cell 7, undecided → monocyte");
  equal(entryWords({ action: "amend", before: null, after: null, cell_id: null, detail: { reason: "late" } }, TYPES), "opened the case again: late");
});

test("what others have not touched is still to be kept", () => {
  const before = { white_cells: null, comment: "", analyser: {} };
  const theirs = { white_cells: 6.2, comment: "", analyser: { monocyte: 5 } };
  equal(untouched({ white_cells: 7, comment: "Seen.", analyser: {} }, before, theirs), { comment: "Seen." });
});

test("what was entered, in the log", () => {
  const before = { target: 100, white_cells: null, analyser: {}, estimate: false, comment: "" };
  const entries = { target: 100, white_cells: 6.2, analyser: { monocyte: 5 }, estimate: true, comment: "No blasts." };
  equal(entryWords({ action: "enter", before: null, after: null, cell_id: null, detail: { before, entries } }, TYPES),
    "entered: total white cells none → 6.2, analyser none → monocyte 5, estimate no → yes, comment none → No blasts.");
});

test("an estimate beside what the model called", () => {
  equal(estimateWords({ called: 57, percent: 54.13, low: 46, high: 62.25 }), "54.1% (46.0 to 62.3%), called 57.0%");
});

test("how far the count is", () => {
  equal(targetWords({ total: 87, target: 100, missing: 13 }), "13 to go");
  equal(targetWords({ total: 143, target: 100, missing: 0 }), "target of 100 reached (143)");
});

test("only whether suggestions count goes into the address", () => {
  equal([countQuery(false), countQuery(true)], ["", "?suggestions=true"]);
});

test("numbers as people type them", () => {
  equal([" 6,2 ", "6.2", "62", "6..2", "-1", "1e3", ""].map(numberFrom), [6.2, 6.2, 62, null, null, null, null]);
});

test("a white cell count with its unit goes to the server as it was typed", () => {
  equal(["6,2", " 6200/ul ", "6.2 G/l", "6.2 ×10⁹/L", "6200/µl", "6200/", "many", ""].map(countFrom),
    [6.2, "6200/ul", "6.2 G/l", "6.2 ×10⁹/L", "6200/µl", null, null, null]);
});

test("whole numbers of cells", () => {
  equal(["1000", " 12 ", "0", "1.5", "x"].map(wholeFrom), [1000, 12, null, null, null]);
});

test("what was typed while something was on its way is still to be kept", () => {
  const sent = { white_cells: 6, analyser: { monocyte: 5 } };
  equal(stillTyped({ white_cells: 6.2, analyser: { monocyte: 5 } }, sent), { white_cells: 6.2 });
  equal([isTyped(stillTyped(sent, sent)), isTyped(stillTyped({ comment: "" }, sent))], [false, true]);
});

test("files go in loads that the server takes", () => {
  const sizes = (loads) => loads.map((load) => load.map(({ size }) => size / 2 ** 20));
  equal(sizes(inLoads([1, 1, 1, 30, 1].map((mb) => ({ size: mb * 2 ** 20 })), 32, 2)), [[1, 1], [1], [30], [1]]);
  equal(inLoads([], 32), []);
});

test("what the case has already is not sent again", async () => {
  const [one, two] = ["one", "two"].map((text) => new File([text], `${text}.png`));
  const known = new Map([[await digestOf(one), "first.png"]]);
  const { fresh, there } = await partKnown([one, two], known, digestOf);
  equal([fresh.map(({ name }) => name), there.map(({ name, result, same_as: same }) => [name, result, same])],
    [["two.png"], [["one.png", "duplicate", "first.png"]]]);
  equal((await partKnown([one], known, async () => null)).fresh.length, 1);
  equal(await digestOf(new File(["abc"], "abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("others' notes are no images", () => {
  equal(["a.jpg", "b.zip", ".DS_Store", "Thumbs.db", "labels.csv", "no-ending"].map((name) => isWanted({ name })), [true, true, false, false, false, true]);
});

test("an import adds up and says what a person has to know", () => {
  const result = (result, cells, more = {}) => ({ name: "x", result, cells, also_in: [], same_as: null, error: null, ...more });
  const sum = summed(summed(nothingYet, [result("added", 1), result("added", 6)]), [result("duplicate", 0), result("failed", 0), result("added", 1, { also_in: [3] })]);
  equal([sum.added, sum.duplicates, sum.failed, sum.cells, sum.told.length], [3, 1, 1, 8, 3]);
  equal(importWords(sum), "3 images added, 8 cells · 1 already here · 1 could not be read");
  equal(resultWords(result("failed", 0, { error: "no image" })), "x: no image");
});

test("the login leads only to pages of this site", () => {
  const next = (value) => safeNext(`?next=${encodeURIComponent(value)}`);
  equal(next("/cases/4?x=1"), "/cases/4?x=1");
  equal(["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", ""].map(next), Array(5).fill("/cases"));
});

const pages = [];
const rows = await everyPage(async (path) => {
  pages.push(path);
  const offset = Number(new URLSearchParams(path.split("?")[1]).get("offset"));
  return { rows: [1, 2, 3, 4, 5].slice(offset, offset + 2), total: 5 };
}, "/x", "rows", 2);

test("long lists are asked for page by page", () => {
  equal(rows, [1, 2, 3, 4, 5]);
  equal(pages, ["/x?limit=2&offset=0", "/x?limit=2&offset=2", "/x?limit=2&offset=4"]);
});

const answer = (neutrophil, platelet = 0, target = 100) => ({
  cells: { decided: { neutrophil, platelet } }, differential: { left_out: { platelet }, target },
});

test("white cells alone are counted", () => equal(decidedWhite(answer(58, 7)), 58));

test("a count that is complete says so once", () => {
  const said = (now, before) => completeWords(now, before) !== "";
  equal(said(answer(100), answer(99)), true);
  equal(said(answer(120), answer(98)), true);
  equal(said(answer(101), answer(100)), false);
  equal(said(answer(99, 30), answer(98)), false);
  equal(said(answer(100), null), false); // it was so when the page was opened
  equal(said(answer(100, 0, 200), answer(100)), false); // the count aimed at was raised
});
