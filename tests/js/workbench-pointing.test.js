import { boxOf, firstSquare, LEAST_PX, movedTo, sized } from "/static/js/workbench/pointing.js";
import { equal, test } from "./harness.js";

const IMAGE = { width: 640, height: 480 };
const VIEW = { zoom: 1, x: 0.5, y: 0.25 };
const box = (side) => ({ left: 0, top: 0, right: side, bottom: side / 2 });

test("the square begins as large as the field's cells, in the middle of what shows", () => {
  equal(firstSquare(IMAGE, [box(40), box(90), box(60)], VIEW), { side: 60, x: 320, y: 120 });
});

test("without a cell it is a share of the field", () => {
  equal(firstSquare(IMAGE, [], VIEW).side, 0.16 * 480);
});

test("its middle stays inside the field", () => {
  equal(movedTo({ side: 60 }, { x: -30, y: 500 }, IMAGE), { side: 60, x: 0, y: 480 });
});

test("it never gets smaller than a cell can be nor larger than the field", () => {
  const square = { side: 60, x: 0, y: 0 };
  equal([sized(square, -99, IMAGE).side, sized(square, 99, IMAGE).side], [LEAST_PX, 480]);
  equal(sized(square, 1, IMAGE).side > 60, true);
});

test("a box lies inside the field, in whole pixels", () => {
  equal(boxOf({ x: 100.4, y: 100.4, side: 60 }, IMAGE), { left: 70, top: 70, right: 130, bottom: 130 });
  equal(boxOf({ x: 0, y: 480, side: 60 }, IMAGE), { left: 0, top: 450, right: 30, bottom: 480 });
  equal(boxOf({ x: 640, y: 0, side: 8 }, IMAGE), { left: 632, top: 0, right: 640, bottom: 8 });
});
