import { MAX_ZOOM, panBy, panes, place, zoomAt } from "/static/js/viewport.js";
import { equal, near, test } from "./harness.js";

const image = { width: 400, height: 300 };
const pane = { width: 800, height: 400 };
const fit = { zoom: 1, x: 0.5, y: 0.5 };

test("at zoom 1 the whole image lies in the middle of the pane", () => {
  const { scale, left, top } = place(fit, image, pane);
  near(scale, 4 / 3, 1e-9);
  near(left, (800 - 400 * scale) / 2, 1e-9);
  near(top, 0, 1e-9);
});

test("zooming holds the point under the pointer still", () => {
  const at = (view, point) => {
    const { scale, left, top } = place(view, image, pane);
    return { x: (point.x - left) / scale, y: (point.y - top) / scale };
  };
  const start = zoomAt(fit, 5, { x: 400, y: 200 }, image, pane);
  const point = { x: 450, y: 180 };
  const [before, after] = [at(start, point), at(zoomAt(start, 1.5, point, image, pane), point)];
  near(after.x, before.x, 1e-6);
  near(after.y, before.y, 1e-6);
});

test("zoom stays between fitted and its limit", () => {
  equal(zoomAt(fit, 0.1, { x: 0, y: 0 }, image, pane), fit);
  equal(zoomAt(fit, 1e6, { x: 400, y: 200 }, image, pane).zoom, MAX_ZOOM);
});

test("the image cannot be dragged out of the pane", () => {
  equal(panBy(fit, 500, 500, image, pane), fit);
  const near16 = panBy(zoomAt(fit, 4, { x: 400, y: 200 }, image, pane), 1e6, 1e6, image, pane);
  const { left, top } = place(near16, image, pane);
  near(left, 0, 1e-6);
  near(top, 0, 1e-6);
});

test("dragging moves the image by as much as the pointer", () => {
  const view = zoomAt(fit, 8, { x: 400, y: 200 }, image, pane);
  const [before, after] = [place(view, image, pane), place(panBy(view, 30, -20, image, pane), image, pane)];
  near(after.left - before.left, 30, 1e-6);
  near(after.top - before.top, -20, 1e-6);
});

test("side by side splits the longer side; overlay does not split", () => {
  equal(panes("overlay", 100, 50).length, 1);
  equal(panes("side", 108, 50), [{ left: 0, top: 0, width: 50, height: 50 }, { left: 58, top: 0, width: 50, height: 50 }]);
  equal(panes("side", 50, 108)[1], { left: 0, top: 58, width: 50, height: 50 });
});
