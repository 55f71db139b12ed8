import { census } from "/static/js/live/census.js";
import { counts, WHITE } from "/static/js/live/landmarks.js";
import { advance, emptyMosaic, inView } from "/static/js/live/mosaic.js";
import { equal, near, test } from "./harness.js";
import { cameraOver, path, smear } from "./panning.js";

const FRAME = { width: 640, height: 480 };
const TYPES = ["eosinophil", "lymphocyte", "neutrophil"];
const STEP_MS = 80;

/**
 * Pan along the corners and return {mosaic, surely, perhaps}: how many white cells must be counted
 * (well within view in six frames, so that a few misses cannot matter) and how many may be (so
 * little cut that jitter makes them look whole).
 */
function pan(world, corners, { step = 24, mosaic = emptyMosaic, each = () => undefined, epoch = null, ...faults } = {}) {
  const camera = cameraOver(world, faults);
  const [well, barely] = [new Map(), new Map()];
  let at = mosaic.at ?? 0;
  for (const [x, y] of path(corners, step)) {
    at += STEP_MS;
    const glance = epoch === null ? null : { epoch, x, y };
    mosaic = advance(mosaic, { ...camera(x, y, at), glance });
    each(mosaic, { x, y, at });
    for (const cell of world.cells) {
      if (cell.kind !== WHITE) continue;
      if (within(cell, x, y, 8)) well.set(cell, (well.get(cell) ?? 0) + 1);
      if (within(cell, x, y, -12)) barely.set(cell, (barely.get(cell) ?? 0) + 1);
    }
  }
  const atLeast = (frames, least) => [...frames.values()].filter((count) => count >= least).length;
  return { mosaic, surely: atLeast(well, 6), perhaps: atLeast(barely, 3) };
}

function within(cell, x, y, margin) {
  const reach = cell.size / 2 + margin;
  return cell.x - reach > x && cell.x + reach < x + 640 && cell.y - reach > y && cell.y + reach < y + 480;
}

const whites = (mosaic) => mosaic.landmarks.filter((mark) => mark.kind === WHITE && counts(mark));
const world = smear({ width: 3200, height: 1300, white: 24, red: 190 });
const serpentine = [[0, 0], [2560, 0], [2560, 400], [0, 400], [0, 800], [2560, 800]];

function between(actual, low, high, note) {
  if (actual < low || actual > high) throw new Error(`${note} got ${actual}, wanted ${low} to ${high}`);
}

test("a pan over the whole smear counts every white cell once", () => {
  const { mosaic, surely, perhaps } = pan(world, serpentine);
  between(whites(mosaic).length, surely, perhaps, "cells");
  equal(mosaic.chart, 0, "charts");
});

test("panning back and over it all again adds none", () => {
  const there = pan(world, serpentine);
  const back = pan(world, [...serpentine].reverse(), { mosaic: there.mosaic, seed: 11 });
  between(whites(back.mosaic).length, back.surely, back.perhaps, "cells");
});

test("the count holds for other smears, more jitter, more misses and more false boxes", () => {
  for (const seed of [2, 3, 4, 5]) {
    const other = smear({ width: 2600, height: 900, white: 14, red: 110, seed });
    const loop = [[0, 0], [1960, 0], [1960, 420], [0, 420], [0, 0], [1960, 0]];
    const { mosaic, surely, perhaps } = pan(other, loop, { jitter: 5, missing: 0.2, false_: 0.8, seed });
    between(whites(mosaic).length, surely, perhaps, `smear ${seed}:`);
  }
});

test("a fast pan, 80 pixels from frame to frame, is followed", () => {
  const { mosaic } = pan(world, [[0, 0], [2560, 0], [0, 0]], { step: 80 });
  equal(mosaic.chart, 0, "charts");
  const { x, y } = mosaic.offset;
  near(Math.hypot(x, y), 0, 12, "back at the start");
});

test("places drift little: after the whole way round the corner is where it was", () => {
  const { mosaic } = pan(world, [...serpentine, [0, 800], [0, 0]]);
  near(Math.hypot(mosaic.offset.x, mosaic.offset.y), 0, 12, "offset");
});

test("after a jump to another place a new chart begins, and the way back joins them", () => {
  const first = pan(world, [[0, 0], [700, 0]]);
  const second = pan(world, [[1900, 500], [1900, 600]], { mosaic: first.mosaic });
  equal(second.mosaic.chart, 1, "chart after the jump");
  const back = pan(world, [[1900, 600], [1900, 0], [0, 0], [1900, 0], [1900, 600]], { mosaic: second.mosaic });
  equal(new Set(back.mosaic.landmarks.map((mark) => mark.chart)).size, 1, "charts");
  const all = pan(world, [[0, 0], [1900, 0], [1900, 600]], { missing: 0, jitter: 0, false_: 0 });
  between(whites(back.mosaic).length, all.surely, all.perhaps, "cells");
});

test("a jump back to a place seen before is recognised at once", () => {
  const there = pan(world, [[0, 0], [1500, 0]]);
  const back = pan(world, [[40, 0], [60, 0]], { mosaic: there.mosaic });
  equal(back.mosaic.chart, 0, "chart");
  near(back.mosaic.offset.x, 60, 8, "x");
});

test("where hardly a red cell stands, a white one's look finds the place again", () => {
  const sparse = smear({ width: 3000, height: 480, white: 6, red: 9, seed: 8 });
  const there = pan(sparse, [[0, 0], [2360, 0]], { missing: 0, false_: 0, jitter: 2, epoch: 1 });
  // Away from the slide for a while, then back somewhere in the middle.
  let { mosaic } = there;
  for (let i = 0; i < 20; i += 1) mosaic = advance(mosaic, { cells: [], ...FRAME, at: mosaic.at + STEP_MS, types: TYPES });
  const back = pan(sparse, [[1200, 0], [2360, 0], [0, 0]], { mosaic, missing: 0, false_: 0, jitter: 2, epoch: 2 });
  between(whites(back.mosaic).length, back.surely, back.perhaps, "cells");
});

test("boxes keep to their cells and do not flicker while the camera pans", () => {
  const shown = new Map(); // landmark → frames in which it was drawn
  let [gaps, worst] = [0, 0];
  const earlier = new Map();
  pan(world, [[0, 0], [1500, 0]], {
    each: (mosaic, { x, y, at }) => {
      for (const { id, box, kind } of inView(mosaic, FRAME)) {
        if (kind !== WHITE) continue;
        if (shown.has(id) && at - shown.get(id) > STEP_MS) gaps += 1;
        shown.set(id, at);
        const inside = box[0] > 10 && box[2] < 630 && box[1] > 10 && box[3] < 470;
        const still = [box[0] + x, box[1] + y];
        const before = earlier.get(id);
        if (inside && before) worst = Math.max(worst, Math.abs(still[0] - before[0]), Math.abs(still[1] - before[1]));
        if (inside) earlier.set(id, still); else earlier.delete(id);
      }
    },
  });
  // A tenth of the detections is missing, so without holding a box there were dozens of gaps.
  between(gaps, 0, 1, "gaps");
  near(worst, 0, 8, "largest step of a box on its cell");
});

test("names do not flip though every fourth answer is wrong", () => {
  const names = new Map();
  let flips = 0;
  pan(world, [[0, 0], [1500, 0], [0, 0]], {
    each: (mosaic) => {
      for (const { id, naming, seenWhole } of whites(mosaic)) {
        if (seenWhole > 6 && names.has(id) && names.get(id) !== naming.name) flips += 1;
        if (seenWhole > 6) names.set(id, naming.name);
      }
    },
  });
  between(flips, 0, 2, "flips");
});

test("the differential has every counted cell under its right name", () => {
  const { mosaic } = pan(world, serpentine);
  const found = census(mosaic, TYPES);
  equal(found.white, whites(mosaic).length);
  equal(found.types.reduce((sum, { count }) => sum + count, 0), found.named);
  const truth = TYPES.map((_, type) => world.cells.filter((cell) => cell.kind === WHITE && cell.type === type).length);
  found.types.forEach(({ count }, i) => near(count, truth[i], 2, TYPES[i]));
});

test("cells that are always cut by the frame's border are not counted", () => {
  const narrow = { cells: [{ kind: WHITE, x: 600, y: 10, size: 160, type: 0, look: Array(48).fill(1) }, ...world.cells.filter((c) => c.kind !== WHITE)] };
  equal(whites(pan(narrow, [[0, 0], [900, 0]]).mosaic).length, 0);
});

test("a still camera over one field counts what is there and nothing more", () => {
  const still = Array.from({ length: 60 }, () => [300, 300]);
  const { mosaic, surely, perhaps } = pan(world, still, { jitter: 4, missing: 0.15, false_: 1 });
  between(whites(mosaic).length, surely, perhaps, "cells");
});

test("a black-out of two seconds at one place loses nothing and counts nothing twice", () => {
  const first = pan(world, [[0, 0], [600, 0]]);
  let { mosaic } = first;
  for (let i = 0; i < 25; i += 1) mosaic = advance(mosaic, { cells: [], ...FRAME, at: mosaic.at + STEP_MS, types: TYPES });
  equal(inView(mosaic, FRAME).length, 0, "boxes on black");
  const after = pan(world, [[600, 0], [620, 0]], { mosaic });
  equal(whites(after.mosaic).length, whites(first.mosaic).length);
});
