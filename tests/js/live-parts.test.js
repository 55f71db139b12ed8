import { ALIKE, cellsOf, PATCH_PX, signature, unlikeness } from "/static/js/live/cells.js";
import { emptyMeter, framesAtOnce, GLASS_TO_GLASS_MS, isNewer, measured, readings, waitMs } from "/static/js/live/pacing.js";
import { confidence, heard, nameless, pooled, smoothMap } from "/static/js/live/landmarks.js";
import { register } from "/static/js/live/registration.js";
import { equal, near, test } from "./harness.js";
import { random } from "./panning.js";

const TYPES = ["eosinophil", "lymphocyte", "neutrophil"];
const cell = (x, y, size = 90, kind = "red_cell") => ({ kind, box: [x, y, x + size, y + size] });

function scattered(count, seed = 1) {
  const next = random(seed);
  return Array.from({ length: count }, () => cell(600 * next(), 440 * next(), 80 + 25 * next()));
}

const shifted = (cells, dx, dy) => cells.map(({ kind, box: [l, t, r, b] }) => ({ kind, box: [l + dx, t + dy, r + dx, b + dy] }));

test("registration finds the shift between two views of the same cells", () => {
  const known = scattered(16);
  const found = register(shifted(known, -43, 17), known, { x: 0, y: 0, reachPx: 100 });
  near(found.x, 43, 0.01);
  near(found.y, -17, 0.01);
  equal(found.inliers, 16);
});

test("registration is not misled by cells that are new, missing or elsewhere", () => {
  const known = scattered(16);
  const seen = [...shifted(known.slice(6), -50, 0), ...scattered(6, 9)];
  const found = register(seen, known, { x: 60, y: 0, reachPx: 80 });
  near(found.x, 50, 3);
  near(found.y, 0, 3);
});

test("registration takes no cell for one of another kind or size", () => {
  equal(register([cell(0, 0, 90)], [cell(5, 5, 200), cell(5, 5, 90, "white_cell")]), null);
});

test("registration keeps to the shifts that it may take", () => {
  equal(register([cell(0, 0)], [cell(300, 0)], { x: 0, y: 0, reachPx: 50 }), null);
  near(register([cell(0, 0)], [cell(300, 0)]).x, 300, 0.01);
});

test("registration works left of and above where the mosaic began, across bins' borders", () => {
  const known = shifted(scattered(12), -5000, -4000);
  for (const dx of [-9, -4.5, 0, 4.5, 9]) {
    const found = register(scattered(12).map((c) => c), known, { x: -5000 + dx, y: -4000, reachPx: 40 });
    near(found.x, -5000, 0.01);
    near(found.y, -4000, 0.01);
  }
});

const say = (naming, probabilities, status = "confident") => heard(naming, { probabilities, status }, TYPES);

test("a name is the mean's, and confidence is the mean of the name shown", () => {
  let naming = say(nameless, [0.2, 0.7, 0.1]);
  equal(naming.name, "lymphocyte");
  naming = say(naming, [0.2, 0.5, 0.3]);
  near(confidence(naming, TYPES), 0.6, 1e-9);
});

test("a name gives way only to one that leads by a margin", () => {
  let naming = say(nameless, [0.1, 0.5, 0.4]);
  naming = say(naming, [0.1, 0.42, 0.48]);
  naming = say(naming, [0.1, 0.42, 0.48]);
  equal(naming.name, "lymphocyte", "close");
  for (let i = 0; i < 6; i += 1) naming = say(naming, [0.05, 0.05, 0.9]);
  equal(naming.name, "neutrophil", "clear");
});

test("one odd frame does not change the status, a run of them does", () => {
  let naming = nameless;
  for (let i = 0; i < 8; i += 1) naming = say(naming, [0.1, 0.8, 0.1], "confident");
  naming = say(naming, [0.1, 0.8, 0.1], "check");
  equal(naming.status, "confident");
  for (let i = 0; i < 14; i += 1) naming = say(naming, [0.1, 0.8, 0.1], "check");
  equal(naming.status, "check");
});

test("a cell without an answer keeps the name that it had", () => {
  equal(heard(nameless, { kind: "red_cell" }, TYPES), nameless);
});

test("two namings of one cell weigh as many frames as each had", () => {
  let [often, once] = [nameless, say(nameless, [0.9, 0.05, 0.05])];
  for (let i = 0; i < 9; i += 1) often = say(often, [0, 1, 0]);
  const both = pooled(once, often, TYPES);
  equal(both.name, "lymphocyte");
  near(both.mean[1], (9 * 1 + 0.05) / 10, 1e-9);
  equal(pooled(nameless, once, TYPES), once);
});

test("heatmaps of one type are smoothed and those of another begin anew", () => {
  const map = (type, value) => ({ type, values: [value, 0], width: 2, height: 1, box: [0, 0, 1, 1] });
  const shown = smoothMap(map("a", 100), map("a", 200));
  near(shown.values[0], 135, 1e-9);
  equal(smoothMap(shown, map("b", 7)).values, [7, 0]);
  equal(smoothMap(shown, null), shown);
});

const patch = (paint) => {
  const pixels = new Uint8ClampedArray(PATCH_PX * PATCH_PX * 4);
  for (let y = 0; y < PATCH_PX; y += 1) {
    for (let x = 0; x < PATCH_PX; x += 1) pixels.set([...paint(x / PATCH_PX, y / PATCH_PX), 255], (y * PATCH_PX + x) * 4);
  }
  return signature(pixels);
};
const disc = (cx, cy, light = 1) => (x, y) => (Math.hypot(x - cx, y - cy) < 0.3 ? [90, 40, 130] : [220, 190, 200]).map((v) => v * light);

test("a look does not depend on the light, and hardly on a box a little off", () => {
  near(unlikeness(patch(disc(0.5, 0.5)), patch(disc(0.5, 0.5, 0.7))), 0, 0.01);
  const off = unlikeness(patch(disc(0.5, 0.5)), patch(disc(0.52, 0.5)));
  if (!(off < ALIKE)) throw new Error(`a box 2% off looks ${off} unlike`);
});

test("another nucleus is another look, and no look is like none", () => {
  const other = unlikeness(patch(disc(0.5, 0.5)), patch(disc(0.3, 0.6)));
  if (!(other > ALIKE)) throw new Error(`another cell looks only ${other} unlike`);
  equal(unlikeness(null, [1]), Infinity);
});

const sample = (shownAt, latencyMs) => ({ shownAt, latencyMs, serverMs: { decode: 2, detect: 30, classify: 8 } });

test("the meter gives the rate of the last seconds and the middle latency", () => {
  let meter = emptyMeter;
  for (let i = 0; i <= 20; i += 1) meter = measured(meter, sample(i * 100, i === 20 ? 900 : 120));
  const found = readings(meter, 2000);
  near(found.framesASecond, 10, 1e-9);
  equal([found.latencyMs, found.serverMs], [120, 40]);
});

test("the meter forgets what is older than its window and says nothing without frames", () => {
  const meter = measured(measured(emptyMeter, sample(0, 100)), sample(100, 100));
  equal(readings(meter, 60_000).framesASecond, null);
  equal(readings(emptyMeter, 0).latencyMs, null);
});

test("a second frame is on its way only while that keeps the picture fresh", () => {
  equal(framesAtOnce(null, 2), 2);
  equal(framesAtOnce(GLASS_TO_GLASS_MS + 1, 2), 1);
  equal(framesAtOnce(150, 1), 1, "no to and fro");
  equal(framesAtOnce(60, 1), 2);
});

test("waits grow, have an end and differ from page to page", () => {
  const waits = [1, 2, 3, 4, 5, 6, 60].map((attempt) => waitMs(attempt, 0.5));
  equal(waits, [250, 500, 1000, 2000, 4000, 4000, 4000]);
  near(waitMs(3, 0), 800, 1e-9);
  near(waitMs(3, 1), 1200, 1e-9);
});

test("an answer that was overtaken is known as such", () => {
  equal([isNewer(5, null), isNewer(5, 4), isNewer(4, 5), isNewer(5, 5)], [true, true, false, false]);
});

test("the server's short answer becomes cells, whole white ones with their look", () => {
  const answer = {
    cells: [
      { kind: "red_cell", box: [1, 2, 3, 4], score: 0.9, cut: false },
      {
        kind: "white_cell", box: [0, 0, 9, 9], score: 0.8, cut: true, type: "monocyte", status: "check", probabilities: [1],
        heatmap: { width: 2, height: 1, data: btoa("\u0000\u00ff") }, heatmap_box: [1, 1, 5, 5],
      },
    ],
  };
  const [red, white] = cellsOf(answer, () => [1]);
  equal(red, { kind: "red_cell", box: [1, 2, 3, 4], score: 0.9, cut: false });
  equal(white.signature, null, "a part's look");
  equal(white.heatmap, { type: "monocyte", values: [0, 255], width: 2, height: 1, box: [1, 1, 5, 5] });
  answer.cells[1].cut = false;
  equal(cellsOf(answer, (box) => box)[1].signature, [0, 0, 9, 9]);
});
