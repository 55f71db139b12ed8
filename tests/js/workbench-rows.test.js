import {
  columnsFor, framed, idsWithin, layOut, moveFrom, placeOf, rowsInSight, scaleBar, scalesOf, scrollTo, sheetGrid, sheetLayout, wholeInSight,
} from "/static/js/workbench/rows.js";
import { equal, test } from "./harness.js";

const SIZES = { width: 320, tile: 100, caption: 20, gap: 10, head: 40, foot: 10 };
const group = (name, from, count) => ({ name, cells: Array.from({ length: count }, (_, index) => ({ id: from + index })) });
// Three columns: a has rows [1 2 3] [4 5 6] [7], b has [8 9].
const layout = layOut([group("a", 1, 7), group("b", 8, 2)], SIZES);

test("as many tiles stand in a row as fit, and fill it", () => {
  equal(columnsFor(320, SIZES), { columns: 3, step: 110 });
  equal(columnsFor(340, SIZES), { columns: 3, step: 120 });
  equal(columnsFor(90, SIZES).columns, 1);
  equal(columnsFor(210, SIZES).columns, 2);
  equal(columnsFor(318, SIZES).step <= 130, true);
});

test("sections lie under each other", () => {
  equal(layout.sections.map(({ top, rows, height }) => [top, rows, height]), [[0, 3, 440], [440, 1, 180]]);
  equal(layout.height, 620);
});

test("only the rows in sight, and some to spare, get elements", () => {
  const [a, b] = layout.sections;
  equal(rowsInSight(a, 0, 100), [0, 1]);
  equal(rowsInSight(a, 180, 400), [1, 3]);
  equal(rowsInSight(a, 180, 400, 1), [0, 3]);
  equal(rowsInSight(b, 0, 300), [0, 0]);
});

test("a thousand cells take no more rows than the screen has", () => {
  const many = layOut([group("a", 1, 1000)], SIZES);
  const [first, past] = rowsInSight(many.sections[0], 20_000, 20_800, 2);
  equal(past - first <= 12, true);
});

test("seen is what was on the screen whole", () => {
  equal(wholeInSight(layout, 0, 139, 100), []);
  equal(wholeInSight(layout, 0, 140, 100), [1, 2, 3]);
  equal(wholeInSight(layout, 41, 399, 100), [4, 5, 6]);
  equal(wholeInSight(layout, 0, 620, 100).length, 9);
});

test("where a cell lies", () => {
  const { section, row, column, top } = placeOf(layout, 6);
  equal([section.name, row, column, top], ["a", 1, 2, 170]);
  equal(placeOf(layout, 99), null);
});

test("arrows walk rows and columns and cross from type to type", () => {
  const go = (id, by) => moveFrom(layout, id, by);
  equal(go(3, "right"), 4);
  equal(go(1, "left"), 1);
  equal(go(2, "down"), 5);
  equal(go(6, "down"), 7);
  equal(go(7, "down"), 8);
  equal(go(9, "up"), 7);
  equal(go(5, "first"), 1);
  equal(go(5, "last"), 9);
  equal(go(99, "down"), 1);
  equal(moveFrom(layOut([], SIZES), 1, "down"), null);
});

test("a page is several rows", () => {
  equal(moveFrom(layout, 1, "pageDown", 2), 7);
  equal(moveFrom(layout, 9, "pageUp", 9), 1);
});

test("a frame takes the tiles that it touches", () => {
  equal(idsWithin(layout, { left: 105, top: 60, right: 215, bottom: 80 }, SIZES), [2]);
  equal(idsWithin(layout, { left: 90, top: 130, right: 130, bottom: 180 }, SIZES), [1, 2, 4, 5]);
  equal(idsWithin(layout, { left: 0, top: 0, right: 320, bottom: 620 }, SIZES), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  equal(idsWithin(layout, { left: 101, top: 50, right: 108, bottom: 60 }, SIZES), []);
});

test("scrolling goes the nearest way, a first row with its head", () => {
  const place = placeOf(layout, 4);
  equal(scrollTo(place, 0, 620, 10), 0);
  equal(scrollTo(place, 200, 620, 10), -40);
  equal(scrollTo(place, 0, 200, 10), 110);
  equal(scrollTo(placeOf(layout, 8), 500, 900, 10), -60);
});

const boxed = (id, image_id, side, at = 0) => ({ id, image_id, box: { left: at, top: at, right: at + side, bottom: at + side } });
const field = (id, width, pixel_um = null) => ({ id, kind: "field", width, height: width / 2, pixel_um });
const byId = (...images) => new Map(images.map((image) => [image.id, image]));

test("all cells of fields of one size show at one scale, the largest whole; an outsize box does not count", () => {
  const images = byId(field(1, 400), field(2, 400), field(3, 800), { id: 4, kind: "cell", width: 90, height: 80 });
  const cells = [boxed(1, 1, 50), boxed(2, 2, 100), boxed(3, 1, 60), boxed(4, 3, 200), boxed(5, 4, 40), boxed(6, 9, 1)];
  const scales = scalesOf(cells, images);
  equal([1, 2, 3, 4].map((id) => Math.round(scales.get(id).window)), [110, 110, 220, 44]);
  equal(Math.round(scalesOf([...cells, boxed(7, 1, 390)], images).get(1).window), 220);
  equal(scaleBar(scales.get(1)), null);
});

test("where a pixel's size is known it is one scale for fields of any size, with a bar", () => {
  const images = byId(field(1, 400, 0.2), field(2, 800), field(3, 100));
  const cells = [boxed(1, 1, 50), boxed(2, 2, 100), boxed(3, 3, 90)];
  const scales = scalesOf(cells, images, 0.1);
  equal([1, 2, 3].map((id) => Math.round(scales.get(id).window)), [55, 110, 110]);
  equal([1, 2].map((id) => scaleBar(scales.get(id)).um), [5, 5]);
  equal(Math.round(scaleBar(scales.get(2)).share), 45);
});

test("a picture lies in its frame with the cell's middle in the frame's, cut where its field ends", () => {
  const round = (place) => Object.values(place).map(Math.round);
  equal(round(framed(boxed(1, 1, 50, 100).box, field(1, 400), { window: 100 }, "thumbnail")), [15, 15, 70, 70]);
  equal(round(framed(boxed(1, 1, 50, 100).box, field(1, 400), { window: 100 }, "cutout")), [0, 0, 100, 100]);
  equal(round(framed(boxed(1, 1, 50).box, field(1, 400), { window: 100 }, "cutout")), [25, 25, 75, 75]);
  equal(round(framed(boxed(1, 1, 40, 20).box, { kind: "cell", width: 90, height: 80 }, { window: 100 }, "cutout")), [10, 10, 90, 80]);
});

test("a sheet shows as many cells as fit, each of 150 pixels at least", () => {
  equal(sheetGrid({ width: 1000, height: 560 }, 12), { most: 12, columns: 6, side: 156 });
  equal(sheetGrid({ width: 340, height: 400 }, 12), { most: 4, columns: 2, side: 164 });
  equal(sheetGrid({ width: 1000, height: 560 }, 2), { most: 2, columns: 2, side: 260 });
  equal(sheetGrid({ width: 100, height: 100 }, 12), { most: 1, columns: 1, side: 150 });
  equal(moveFrom(sheetLayout({ ids: [5, 6, 7, 8, 9], columns: 2 }), 6, "down"), 8);
});
