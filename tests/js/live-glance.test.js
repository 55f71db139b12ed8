import { glanced, greyLevels, shiftBetween, unseen } from "/static/js/live/glance.js";
import { advance, emptyMosaic } from "/static/js/live/mosaic.js";
import { equal, near, test } from "./harness.js";
import { cameraOver, path, random, smear } from "./panning.js";

const [WIDTH, HEIGHT] = [160, 120];

/** A picture of soft discs on a plain ground, as a function of where one looks. */
function scene(seed) {
  const next = random(seed);
  const discs = Array.from({ length: 60 }, () => ({ x: 400 * next(), y: 300 * next(), r: 6 + 10 * next(), d: 40 + 80 * next() }));
  return (x, y) => discs.reduce((light, disc) => {
    const off = Math.hypot(disc.x - x, disc.y - y) / disc.r;
    return off < 1.2 ? light - disc.d * Math.max(0, Math.min(1, (1.2 - off) / 0.4)) : light;
  }, 210);
}

function view(light, left, top, { gain = 1, noise = 0, seed = 5 } = {}) {
  const next = random(seed);
  const pixels = new Uint8ClampedArray(WIDTH * HEIGHT * 4);
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const value = gain * light(left + x, top + y) + noise * (next() - 0.5);
      pixels.set([value, value, value, 255], (y * WIDTH + x) * 4);
    }
  }
  return greyLevels(pixels, WIDTH, HEIGHT);
}

const slide = scene(1);

test("a glance finds how far the camera moved, between pixels too", () => {
  for (const [dx, dy] of [[0, 0], [3, -2], [17.5, 4.25], [-31, 12], [40, 0]]) {
    const found = shiftBetween(view(slide, 100, 80), view(slide, 100 + dx, 80 + dy));
    near(found.x, dx, 0.35, `${dx}, ${dy}: x`);
    near(found.y, dy, 0.35, `${dx}, ${dy}: y`);
  }
});

test("light turned up and noise do not mislead it", () => {
  const found = shiftBetween(view(slide, 100, 80), view(slide, 112, 75, { gain: 0.8, noise: 20 }));
  near(found.x, 12, 0.5);
  near(found.y, -5, 0.5);
});

test("another place, a plain picture and another size give no shift", () => {
  equal(shiftBetween(view(slide, 100, 80), view(scene(2), 100, 80)), null);
  equal(shiftBetween(view(() => 200, 0, 0), view(() => 200, 0, 0)), null);
  const wide = greyLevels(new Uint8ClampedArray(160 * 90 * 4), 160, 90);
  equal(shiftBetween(view(slide, 0, 0), wide), null);
});

test("places add up within an epoch, and a cut begins a new one", () => {
  let seen = glanced(unseen, view(slide, 50, 50), 4);
  equal([seen.epoch, seen.x], [1, 0]);
  for (const x of [58, 66, 74]) seen = glanced(seen, view(slide, x, 50), 4);
  near(seen.x, 96, 3);
  equal(seen.epoch, 1);
  equal(glanced(seen, view(scene(2), 0, 0), 4).epoch, 2);
});

test("pixels keep the way where hardly a cell is seen", () => {
  const world = smear({ width: 2600, height: 480, white: 5, red: 8, seed: 4 });
  const camera = cameraOver(world, { missing: 0.5, false_: 1, jitter: 5 });
  const run = (withGlance) => {
    let mosaic = emptyMosaic;
    path([[0, 0], [1960, 0], [0, 0]], 28).forEach(([x, y], i) => {
      const glance = withGlance ? { epoch: 1, x, y } : null;
      mosaic = advance(mosaic, { ...camera(x, y, 80 * (i + 1)), glance });
    });
    return mosaic;
  };
  const kept = run(true);
  equal(kept.chart, 0, "chart");
  near(Math.hypot(kept.offset.x, kept.offset.y), 0, 15, "back at the start");
  equal(run(false).nextChart > 1, true, "cells alone lose it, or this tests nothing:");
});

test("cells mend what the pixels get slightly wrong", () => {
  const world = smear({ width: 2600, height: 480, white: 5, red: 50, seed: 4 });
  const camera = cameraOver(world, { missing: 0, false_: 0, jitter: 1 });
  let mosaic = emptyMosaic;
  path([[0, 0], [1960, 0]], 28).forEach(([x, y], i) => {
    const glance = { epoch: 1, x: 1.05 * x, y: y + 0.02 * x };
    mosaic = advance(mosaic, { ...camera(x, y, 80 * (i + 1)), glance });
  });
  near(mosaic.offset.x, 1960, 12, "x");
  near(mosaic.offset.y, 0, 12, "y");
});
