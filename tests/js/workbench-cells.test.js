import {
  binOf, committable, confidentOf, togetherOf, doubtOrder, filterCounts, galleryOrder, groupCells, countDoubtful, namedTogetherOf, nextDoubtful, nextUndecided, passes, sheetOf, successor,
} from "/static/js/workbench/cells.js";
import { equal, test } from "./harness.js";

const TYPES = ["neutrophil", "lymphocyte", "blast"];

function cell(id, { type = "neutrophil", confidence = 0.9, status = "confident", decided = null } = {}) {
  return { id, suggestion: { cell_type: type, confidence, status }, decided_type: decided };
}
const blind = (id, decided = null) => ({ id, suggestion: null, decided_type: decided });
const shape = (groups) => groups.map(({ name, cells }) => [name, cells.map(({ id }) => id)]);

test("a cell lies where a person put it, else where the model would", () => {
  equal(binOf(cell(1)), "neutrophil");
  equal(binOf(cell(1, { decided: "blast" })), "blast");
  equal(binOf(cell(1, { status: "unfamiliar" })), "unfamiliar");
  equal(binOf(cell(1, { status: "unfamiliar", decided: "blast" })), "blast");
  equal(binOf(blind(1)), "to_read");
});

test("what nobody has named cannot be committed as it is", () => {
  equal(committable(cell(1)), "neutrophil");
  equal(committable(cell(1, { status: "unfamiliar" })), null);
  equal(committable(blind(1)), null);
  equal(committable(blind(1, "blast")), "blast");
});

test("groups come in the types' order, what is unfamiliar first, the most doubtful cell first", () => {
  const cells = [
    cell(1, { confidence: 0.99 }), cell(2, { confidence: 0.6, status: "check" }),
    cell(3, { type: "lymphocyte" }), cell(4, { status: "unfamiliar", confidence: 0.99 }),
    cell(5, { type: "lymphocyte", decided: "neutrophil", confidence: 0.8 }), cell(6, { decided: "smudge_cell" }),
  ];
  equal(shape(groupCells(cells, TYPES)), [
    ["unfamiliar", [4]], ["neutrophil", [2, 5, 1]], ["lymphocyte", [3]], ["smudge_cell", [6]],
  ]);
});

test("what a second reader has to read keeps the order in which it came", () => {
  equal(shape(groupCells([blind(9), blind(3), blind(5, "blast")], TYPES)), [["to_read", [9, 3]], ["blast", [5]]]);
});

test("unfamiliar cells are more doubtful than any others; equal ones go by number", () => {
  const cells = [cell(2), cell(1), cell(3, { confidence: 0.1, status: "check" }), cell(4, { confidence: 0.99, status: "unfamiliar" })];
  equal(doubtOrder(cells).map(({ id }) => id), [4, 3, 1, 2]);
});

test("filters", () => {
  const cells = [cell(1), cell(2, { status: "check" }), cell(3, { status: "check", decided: "blast" }), cell(4, { status: "unfamiliar" })];
  equal(filterCounts(cells), { all: 4, undecided: 3, check: 1, unfamiliar: 1, decided: 1 });
  equal(passes(blind(1), "undecided"), true);
  equal(passes(blind(1), "check"), false);
});

test("several at once pass one gate: seen, and not doubted by the model", () => {
  const cells = [
    { id: 1, decided_type: null, suggestion: { status: "confident", cell_type: "monocyte", confidence: 0.99 } },
    { id: 2, decided_type: null, suggestion: { status: "check", cell_type: "monocyte", confidence: 0.6 } },
    { id: 3, decided_type: null, suggestion: { status: "unfamiliar", cell_type: "monocyte", confidence: 0.9 } },
    { id: 4, decided_type: null, suggestion: { status: "confident", cell_type: "monocyte", confidence: 0.99 } },
    { id: 5, decided_type: "monocyte", suggestion: { status: "check", cell_type: "monocyte", confidence: 0.6 } },
    { id: 6, decided_type: null, suggestion: null },
  ];
  equal(togetherOf(cells, new Set([1, 2, 3, 5, 6])), { ready: [1], unseen: [4], doubtful: [2, 3, 6] });
});

test("one word for several leaves out what was not seen, and what is doubted and was not opened", () => {
  const cells = [
    cell(1), cell(2, { status: "check" }), cell(3, { status: "unfamiliar" }), cell(4), cell(5, { status: "check", decided: "blast" }),
    blind(6),
  ];
  const seen = new Set([1, 2, 3, 5, 6]);
  equal(namedTogetherOf(cells, seen, new Set([3])), { ready: [1, 3, 5, 6], unseen: [4], doubtful: [2] });
});

test("only confident suggestions that were on the screen are ready to be committed together", () => {
  const cells = [
    cell(1), cell(2, { confidence: 0.7 }), cell(3, { status: "check" }), cell(4, { decided: "neutrophil" }),
    cell(5, { type: "lymphocyte" }), cell(6, { confidence: 0.8 }),
  ];
  equal(confidentOf(cells, "neutrophil", new Set([1, 3, 4, 5])), { ready: [1], unseen: [2, 6] });
  equal(confidentOf(cells, "neutrophil", new Set([1, 2, 6])).unseen, []);
});

test("the keys go on to the next undecided cell, going round, and never to a decided one", () => {
  const groups = groupCells([1, 2, 3, 4].map((id) => cell(id)), TYPES);
  equal(successor(groups, [2], 2), 3);
  equal(successor(groups, [2, 3], 2), 4);
  equal(successor(groups, [1, 4], 1), 2);
  equal(successor(groups, [4], 4), 1);
  equal(successor(groups, [1, 2, 3, 4], 2), null);
  const partly = groupCells([cell(1), cell(2), cell(3, { decided: "neutrophil" }), cell(4)], TYPES);
  equal(successor(partly, [2], 2), 4);
  equal(successor(partly, [1, 2, 4], 1), null);
});

test("the next undecided cell is looked for all the way round", () => {
  const groups = groupCells([cell(1), cell(2, { decided: "neutrophil" }), cell(3, { decided: "neutrophil" })], TYPES);
  equal(nextUndecided(groups, 2), 1);
  equal(nextUndecided(groups, 1), 1);
  equal(nextUndecided(groupCells([cell(2, { decided: "blast" })], TYPES), 2), null);
});

test("what must not be overlooked stands first", () => {
  const types = [{ name: "neutrophil", critical: false }, { name: "blast", critical: true }, { name: "monocyte", critical: false }];
  equal(galleryOrder(types), ["blast", "neutrophil", "monocyte"]);
});

test("the doubtful cells come one after the other: critical types, then the others, then the unfamiliar ones", () => {
  const types = [{ name: "neutrophil" }, { name: "blast", critical: true }];
  const cells = [
    cell(1, { status: "check", confidence: 0.5 }), cell(2), cell(3, { type: "blast", status: "check" }),
    cell(4, { status: "unfamiliar" }), cell(5, { status: "check", decided: "blast" }),
  ];
  const order = [null, 4, 3, 1].map((id) => nextDoubtful(cells, types, id));
  equal(order, [3, 3, 1, 4]);
  equal(nextDoubtful(cells, types, 4, [3]), 1);
  equal(nextDoubtful([cell(2)], types, null), null);
  equal(nextDoubtful([blind(1, "blast"), blind(2)], types, 1), 2);
  equal(countDoubtful(cells), 3);
});

test("a sheet holds what is undecided and doubted alike, twelve at most, never what is unfamiliar", () => {
  const check = (id, rest = {}) => cell(id, { status: "check", ...rest });
  const cells = [
    check(1), check(2), cell(3), check(4, { status: "unfamiliar" }), check(5, { type: "lymphocyte" }), check(6, { decided: "neutrophil" }), blind(7),
  ];
  equal(sheetOf(cells, TYPES, 2), [2, 1]);
  for (const alone of [3, 4, 5, 6, 7]) equal(sheetOf(cells, TYPES, alone), null);
  equal(sheetOf(Array.from({ length: 30 }, (_none, index) => check(index + 1)), TYPES, 28), [28, 29, 30, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
