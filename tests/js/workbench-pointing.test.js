import { drawn, edgesOf, firstBox, LEAST_PX, movedTo, sized } from "/static/js/workbench/pointing.js";
import { equal, test } from "./harness.js";

const IMAGE = { width: 640, height: 480 };
const VIEW = { zoom: 1, x: 0.5, y: 0.25 };
const box = (side) => ({ left: 0, top: 0, right: side, bottom: side / 2 });
const SQUARE = { x: 100, y: 100, width: 60, height: 60 };

test("the box begins as large as the field's cells, in the middle of what shows", () => {
  equal(firstBox(IMAGE, [box(40), box(90), box(60)], VIEW), { width: 60, height: 60, x: 320, y: 120 });
});

test("without a cell it is a share of the field", () => {
  const { width, height } = firstBox(IMAGE, [], VIEW);
  equal([width, height], [0.16 * 480, 0.16 * 480]);
});

test("its middle stays inside the field, and its sides as they are", () => {
  equal(movedTo({ ...SQUARE, width: 30 }, { x: -30, y: 500 }, IMAGE), { x: 0, y: 480, width: 30, height: 60 });
});

test("it never gets smaller than a cell can be nor larger than the field", () => {
  const [small, large] = [sized(SQUARE, -99, IMAGE), sized(SQUARE, 99, IMAGE)];
  equal([small.width, small.height, large.width, large.height], [LEAST_PX, LEAST_PX, 640, 480]);
  const once = sized({ ...SQUARE, width: 30 }, 1, IMAGE);
  equal(once.height / once.width, 2);
  equal(once.height > 60, true);
});

test("it is drawn from any corner to the one across", () => {
  const wanted = { x: 50, y: 40, width: 60, height: 40 };
  equal(drawn({ x: 20, y: 20 }, { x: 80, y: 60 }, IMAGE), wanted);
  equal(drawn({ x: 80, y: 20 }, { x: 20, y: 60 }, IMAGE), wanted);
  equal(drawn({ x: 80, y: 60 }, { x: 20, y: 20 }, IMAGE), wanted);
});

test("what is drawn beyond the field ends at its border, and is never too small", () => {
  equal(edgesOf(drawn({ x: 600, y: 430 }, { x: 900, y: 900 }, IMAGE), IMAGE), { left: 600, top: 430, right: 640, bottom: 480 });
  equal(edgesOf(drawn({ x: 30, y: -50 }, { x: 31, y: 40 }, IMAGE), IMAGE), { left: 27, top: 0, right: 35, bottom: 40 });
  equal(edgesOf(drawn({ x: 700, y: 500 }, { x: 710, y: 510 }, IMAGE), IMAGE), { left: 632, top: 472, right: 640, bottom: 480 });
});

test("its edges lie inside the field, in whole pixels", () => {
  equal(edgesOf({ ...SQUARE, x: 100.4, y: 100.4 }, IMAGE), { left: 70, top: 70, right: 130, bottom: 130 });
  equal(edgesOf({ ...SQUARE, x: 0, y: 480 }, IMAGE), { left: 0, top: 450, right: 30, bottom: 480 });
  equal(edgesOf({ x: 640, y: 0, width: 8, height: 8 }, IMAGE), { left: 632, top: 0, right: 640, bottom: 8 });
});
