import { between, focusOn, limits, oneToOne, place, reveal } from "/static/js/viewport.js";
import { levelFor } from "/static/js/smear/pictures.js";
import { box } from "./smear.fixture.js";
import { equal, near, test } from "./harness.js";

const pane = { width: 900, height: 600 };
const small = { width: 640, height: 480 };
const panorama = { width: 8000, height: 6000 };
const fit = { zoom: 1, x: 0.5, y: 0.5 };

test("one to one shows a pixel of the field as one of the screen, small fields too", () => {
  for (const image of [small, panorama]) near(place(oneToOne(fit, image, pane), image, pane).scale, 1, 1e-9);
  equal(limits(small, pane).least < 1, true);
});

test("a panorama can be seen from fitted to eight screen pixels a pixel", () => {
  const { least, most } = limits(panorama, pane);
  equal(least, 1);
  near(place({ ...fit, zoom: most }, panorama, pane).scale, 8, 1e-9);
});

test("a cell turned to lies in the middle at a third of the pane, or as near as the field allows", () => {
  const cell = box(4000, 3000, 200);
  const at = place(focusOn(cell, panorama, pane), panorama, pane);
  near(at.left + 4100 * at.scale, 450, 1e-6);
  near(200 * at.scale, 0.34 * 600, 1e-6);
  const corner = place(focusOn(box(0, 0, 200), panorama, pane), panorama, pane);
  near(corner.left, 0, 1e-6);
});

test("a cell in sight leaves the view alone; one out of sight comes to the middle", () => {
  const view = focusOn(box(4000, 3000, 200), panorama, pane);
  equal(reveal(view, box(4050, 3010, 100), panorama, pane) === view, true);
  const moved = reveal(view, box(1000, 800, 200), panorama, pane);
  equal(moved.zoom, view.zoom);
  near(moved.x, 1100 / 8000, 1e-9);
  equal(reveal(fit, box(0, 0, 50), small, pane) === fit, true);
});

test("the way between two views starts and ends at them and never leaves their line", () => {
  const to = { zoom: 9, x: 0.2, y: 0.8 };
  equal(between(fit, to, 1) === to, true);
  equal(between(fit, to, 0), fit);
  const half = between(fit, to, 0.5);
  near(half.zoom, 3, 1e-9);
  near((half.x - 0.5) / (0.2 - 0.5), (half.y - 0.5) / (0.8 - 0.5), 1e-9);
  near(between(fit, { zoom: 1, x: 0.7, y: 0.5 }, 0.5).x, 0.6, 1e-9);
});

test("the picture's level has at least a pixel for each of the screen's", () => {
  const levels = [1, 0.5, 0.25, 0.125].map((scale) => ({ scale }));
  equal([2, 1, 0.6, 0.5, 0.3, 0.2, 0.01].map((scale) => levelFor(levels, scale).scale), [1, 1, 1, 0.5, 0.5, 0.25, 0.125]);
});
