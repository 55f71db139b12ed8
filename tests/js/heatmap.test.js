import { colour, hasEvidence, JET, mapOf, normalise, spread } from "/static/js/heatmap.js";
import { equal, near, test } from "./harness.js";

test("jet runs from dark blue over green to dark red", () => {
  equal(JET.length, 256);
  equal(JET[0], [0, 0, 128]);
  equal(JET[255], [128, 0, 0]);
  equal(JET[128][1], 255);
});

test("normalising brings the peak to 1 and leaves an all-zero map at zero", () => {
  equal([...normalise([[0, 2], [4, 1]]).values], [0, 0.5, 1, 0.25]);
  equal([...normalise([[0, 0]]).values], [0, 0]);
});

test("a map over the whole image, as many pixels as the map, is the map", () => {
  const map = normalise([[0, 1], [0.5, 0.25]]);
  const box = { left: 0, top: 0, right: 2, bottom: 2 };
  equal([...spread(map, box, { width: 2, height: 2, outWidth: 2, outHeight: 2 })], [0, 1, 0.5, 0.25]);
});

test("between two values the map is a straight line, and flat beyond their centres", () => {
  const map = normalise([[0, 1]]);
  const box = { left: 0, top: 0, right: 8, bottom: 1 };
  const out = spread(map, box, { width: 8, height: 1, outWidth: 8, outHeight: 1 });
  [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1].forEach((value, i) => near(out[i], value, 1e-6, `pixel ${i}`));
});

test("outside the box there is no evidence, also where the box leaves the image", () => {
  const map = normalise([[1]]);
  const out = spread(map, { left: -2, top: 0, right: 2, bottom: 1 }, { width: 4, height: 2, outWidth: 4, outHeight: 2 });
  equal([...out], [1, 1, 0, 0, 0, 0, 0, 0]);
});

test("bands put together are the whole", () => {
  const map = normalise([[0, 1, 0.3], [0.5, 0.2, 0.9], [0, 0.1, 0.4]]);
  const box = { left: 1, top: 2, right: 9, bottom: 9 };
  const size = { width: 11, height: 10, outWidth: 11, outHeight: 10 };
  const bands = [0, 4, 8].flatMap((top) => [...spread(map, box, { ...size, top, rows: Math.min(4, 10 - top) })]);
  equal(bands, [...spread(map, box, size)]);
});

test("colours are opaque and values beyond the scale stay on it", () => {
  equal([...colour(new Float32Array([-1, 2]))], [0, 0, 128, 255, 128, 0, 0, 255]);
});

test("a type without a map gives null", () => {
  const heatmaps = { cell_types: ["a", "b"], values: [[[1]], [[0]]] };
  equal(mapOf(heatmaps, "c"), null);
  equal(mapOf(undefined, "a"), null);
  equal(["a", "b", "c"].map((type) => hasEvidence(heatmaps, type)), [true, false, false]);
  equal([...mapOf(heatmaps, "a").values], [1]);
});
