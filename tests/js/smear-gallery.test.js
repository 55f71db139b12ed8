import { firstOf, galleryCells, galleryGroups } from "/static/js/smear/cells.js";
import { createPump } from "/static/js/queue.js";
import { coverage } from "/static/js/heatmap.js";
import { cutOut } from "/static/js/smear/pictures.js";
import { resultOf } from "/static/js/smear/saving.js";
import { box, other, smear, white } from "./smear.fixture.js";
import { equal, near, test } from "./harness.js";

const items = [
  { id: 1, name: "a.jpg", answer: { smear: smear([
    white(0, box(0, 0), "monocyte", { confidence: 0.99 }), other(1, "red_cell", box(0, 0)),
    white(2, box(0, 0), "neutrophil", { confidence: 0.6, status: "check" }),
  ]) } },
  { id: 2, name: "b.jpg", answer: null },
  { id: 3, name: "c.jpg", answer: { smear: smear([
    white(0, box(0, 0), "neutrophil", { confidence: 0.95 }),
    white(1, box(0, 0), "neutrophil", { confidence: 0.9, status: "unfamiliar", novelty: 2 }),
  ]) } },
];
const keys = (entries) => entries.map(({ fieldId, cell }) => `${fieldId}.${cell.id}`);

test("the gallery holds the white cells of every field that was read, each with its field", () => {
  const entries = galleryCells(items);
  equal(keys(entries), ["1.0", "1.2", "3.0", "3.1"]);
  equal(entries[2].fieldName, "c.jpg");
});

test("by type the largest group comes first, in each the most doubtful cell", () => {
  const groups = galleryGroups(galleryCells(items), "type");
  equal(groups.map(({ name, entries }) => [name, keys(entries)]), [["neutrophil", ["3.1", "1.2", "3.0"]], ["monocyte", ["1.0"]]]);
});

test("by doubt there is one group without a name", () => {
  const groups = galleryGroups(galleryCells(items), "doubt");
  equal(groups.map(({ name, entries }) => [name, keys(entries)]), [[null, ["3.1", "1.2", "3.0", "1.0"]]]);
  equal(galleryGroups([], "doubt"), []);
});

test("so many are shown, groups whole or cut, and the rest counted", () => {
  const { groups, leftOut } = firstOf(galleryGroups(galleryCells(items), "type"), 2);
  equal(groups.map(({ total, entries }) => [total, entries.length]), [[3, 2]]);
  equal(leftOut, 2);
  equal(firstOf(galleryGroups(galleryCells(items), "type"), 9).leftOut, 0);
});

/** A pump over numbers whose jobs end when they are told to. */
function pumped(count, limit = 2) {
  const started = [];
  const ends = [];
  let next = 0;
  const pump = createPump({
    limit,
    next: () => (next < count ? next++ : null),
    run: (item) => new Promise((resolve, reject) => {
      started.push(item);
      ends[item] = { resolve, reject };
    }),
  });
  const later = () => new Promise((resolve) => { setTimeout(resolve, 5); });
  return { pump, started, ends, later };
}

test("fields are read a few at a time, and one that fails stops nothing", async () => {
  const { pump, started, ends, later } = pumped(4);
  pump.go();
  await later();
  equal(started, [0, 1]);
  ends[0].reject(new Error("bad field"));
  await later();
  equal(started, [0, 1, 2]);
  ends[1].resolve();
  ends[2].resolve();
  await later();
  equal(started, [0, 1, 2, 3]);
});

test("stop lets what runs end and starts nothing; go on takes it up, and twice is not double", async () => {
  const { pump, started, ends, later } = pumped(5);
  pump.go();
  await later();
  pump.stop();
  ends[0].resolve();
  await later();
  equal(started, [0, 1]);
  pump.go();
  pump.go();
  await later();
  equal(started, [0, 1, 2]);
});

test("a cell is cut out where the model looked, another kind with room around its box", () => {
  equal(cutOut(white(0, box(10, 20, 60))), box(10, 20, 60));
  const { left, right, top, bottom } = cutOut(other(1, "red_cell", box(100, 100, 50, 40)));
  equal([right - left, bottom - top, (left + right) / 2], [70, 70, 125]);
});

test("where nothing speaks for the type the map covers nothing, and it never covers less for more", () => {
  equal([coverage(0), coverage(0.05), coverage(1)], [0, 0, 1]);
  for (let v = 0; v < 1; v += 0.05) equal(coverage(v + 0.05) >= coverage(v), true);
  near(coverage(0.335), 0.5, 1e-9);
});

test("what is exported is the server's result without the heatmaps' numbers", () => {
  const cell = white(0, box(0, 0), "monocyte", { heatmap: { values: [[1]], box: box(0, 0) } });
  const result = resultOf({ name: "a.jpg", answer: { smear: smear([cell]) } });
  equal([result.filename, "heatmap" in result.smear.cells[0], result.smear.cells[0].id], ["a.jpg", false, 0]);
  equal(cell.heatmap.values, [[1]]);
});
