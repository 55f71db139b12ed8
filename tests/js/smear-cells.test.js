import { cellAt, doubtOrder, readingOrder, stepFrom, visibleCells, walkedCells } from "/static/js/smear/cells.js";
import { box, other, white } from "./smear.fixture.js";
import { equal, test } from "./harness.js";

const ids = (cells) => cells.map((cell) => cell.id);
const ALL = { white_cell: true, red_cell: true, platelet: true };

test("reading goes row by row, left to right, though no two cells lie level", () => {
  const cells = [
    white(0, box(400, 20)), white(1, box(10, 35)), white(2, box(200, 0)),
    white(3, box(300, 220)), white(4, box(20, 240)),
  ];
  equal(ids(readingOrder(cells)), [1, 2, 0, 4, 3]);
  equal(readingOrder([]), []);
});

test("a slanting line of cells is cut into rows and never swallows the whole field", () => {
  const cells = Array.from({ length: 6 }, (_, i) => white(i, box(500 - 90 * i, 50 * i)));
  equal(ids(readingOrder(cells)), [1, 0, 3, 2, 5, 4]);
});

test("the most doubtful come first: unfamiliar, then to check, then confident", () => {
  const cells = [
    white(0, box(0, 0), "neutrophil", { confidence: 0.99 }),
    white(1, box(0, 0), "neutrophil", { confidence: 0.97, status: "check" }),
    white(2, box(0, 0), "neutrophil", { confidence: 0.99, status: "unfamiliar", novelty: 1.1 }),
    white(3, box(0, 0), "neutrophil", { confidence: 0.4, status: "check" }),
    white(4, box(0, 0), "neutrophil", { confidence: 0.99, status: "unfamiliar", novelty: 4 }),
    other(5, "red_cell", box(0, 0)),
  ];
  equal(ids(doubtOrder(cells)), [4, 2, 3, 1, 5, 0]);
});

test("steps go round at both ends and start at the near end", () => {
  const cells = [white(7, box(0, 0)), white(3, box(0, 0)), white(9, box(0, 0))];
  equal(stepFrom(cells, null, 1), 7);
  equal(stepFrom(cells, null, -1), 9);
  equal(stepFrom(cells, 9, 1), 7);
  equal(stepFrom(cells, 7, -1), 9);
  equal(stepFrom(cells, 3, 1), 9);
  equal(stepFrom([], 3, 1), null);
});

test("a hidden layer hides its cells; without white ones the keys walk what is left", () => {
  const cells = [white(0, box(0, 0)), other(1, "red_cell", box(0, 0)), other(2, "platelet", box(0, 0))];
  equal(ids(visibleCells(cells, { ...ALL, red_cell: false })), [0, 2]);
  equal(ids(walkedCells(cells, ALL)), [0]);
  equal(ids(walkedCells(cells, { ...ALL, white_cell: false })), [1, 2]);
});

test("under a point lies the smallest box, but a white cell before a red one of its size", () => {
  const cells = [
    other(0, "red_cell", box(0, 0, 200)), white(1, box(50, 50, 120)), other(2, "platelet", box(60, 60, 20)),
    other(3, "red_cell", box(90, 90, 110)),
  ];
  equal(cellAt(cells, { x: 70, y: 70 }).id, 2);
  equal(cellAt(cells, { x: 150, y: 150 }).id, 1);
  equal(cellAt(cells, { x: 10, y: 10 }).id, 0);
  equal(cellAt(cells, { x: 300, y: 300 }), null);
  equal(cellAt(cells, { x: 203, y: 100 }, 4).id, 3);
});
