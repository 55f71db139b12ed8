import { layoutLabels, placeBeside, rectangleIn } from "/static/js/smear/labels.js";
import { equal, test } from "./harness.js";

const SIZE = { width: 110, height: 20 };
const FIELD = { width: 900, height: 600 };

function randomly(seed) {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

/** A field of boxes, the white ones of which must be labelled. */
function scene(seed, { white = 8, red = 30, bounds = FIELD } = {}) {
  const random = randomly(seed);
  const item = (id, kind, side) => {
    const left = random() * (bounds.width - side);
    const top = random() * (bounds.height - side);
    const must = kind === "white_cell";
    return { id, kind, must, size: SIZE, box: { left, top, right: left + side, bottom: top + side } };
  };
  return [
    ...Array.from({ length: white }, (_, i) => item(i, "white_cell", 70 + 40 * random())),
    ...Array.from({ length: red }, (_, i) => item(100 + i, "red_cell", 50 + 20 * random())),
  ];
}

const shared = (a, b) =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left))
  * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

function rectangles(items, slots) {
  return items.filter(({ id }) => slots.has(id)).map((item) => ({ item, place: rectangleIn(slots.get(item.id), item.box, item.size) }));
}

const SEEDS = Array.from({ length: 40 }, (_, i) => 11 + 97 * i);

test("no label ever meets its own box, however crowded the field", () => {
  for (const seed of SEEDS) {
    const items = scene(seed, { white: 25, red: 120 });
    for (const { item, place } of rectangles(items, layoutLabels(items, FIELD))) {
      equal(shared(place, item.box), 0, `seed ${seed}, ${item.id}`);
    }
  }
});

test("every label that must show does, and one that need not covers no white cell and no label", () => {
  for (const seed of SEEDS) {
    const items = scene(seed, { white: 10, red: 60 });
    const slots = layoutLabels(items, FIELD);
    equal(items.filter(({ must, id }) => must && !slots.has(id)).length, 0);
    const placed = rectangles(items, slots);
    for (const { item, place } of placed) {
      if (item.must) continue;
      for (const { item: another, place: there } of placed) {
        if (another !== item) equal(shared(place, there) < 0.021 * 2200, true, `seed ${seed}: two labels`);
      }
      for (const white of items.filter(({ kind }) => kind === "white_cell")) {
        equal(shared(place, white.box) <= 0.034 * 2200, true, `seed ${seed}: over a white cell`);
      }
    }
  }
});

test("with room enough no label covers another label or a white cell, and none leaves the field", () => {
  for (const seed of SEEDS) {
    const items = scene(seed, { white: 5, red: 0 }).map((item, i) => {
      const left = 60 + 160 * i; // apart, at random heights
      const width = item.box.right - item.box.left;
      return { ...item, box: { ...item.box, left, right: left + width } };
    });
    const placed = rectangles(items, layoutLabels(items, FIELD));
    for (const { item, place } of placed) {
      const covers = items.some((one) => one !== item && shared(place, one.box) > 0);
      const meets = placed.some((one) => one.item !== item && shared(place, one.place) > 0);
      const inside = place.left >= 0 && place.top >= 0 && place.right <= FIELD.width && place.bottom <= FIELD.height;
      equal([covers, meets, inside], [false, false, true], `seed ${seed}, ${item.id}`);
    }
  }
});

test("a cell at the field's upper border has its label below, one at the right its label inside", () => {
  const at = (left, top) => ({ id: 1, kind: "white_cell", must: true, size: SIZE, box: { left, top, right: left + 80, bottom: top + 80 } });
  const place = (item) => rectangleIn(layoutLabels([item], FIELD).get(1), item.box, SIZE);
  equal(place(at(300, 0)).top >= 80, true);
  equal(place(at(820, 300)).right <= FIELD.width, true);
  equal(place(at(300, 300)).bottom <= 300, true);
});

test("a slot is kept while it still fits, so that labels stay put while the view zooms", () => {
  const items = scene(5);
  const before = layoutLabels(items, FIELD);
  const larger = (value) => value * 1.03;
  const grown = items.map((item) => ({ ...item, box: Object.fromEntries(Object.entries(item.box).map(([k, v]) => [k, larger(v)])) }));
  const bounds = { width: larger(FIELD.width), height: larger(FIELD.height) };
  const after = layoutLabels(grown, bounds, before);
  const stayed = [...before].filter(([id, slot]) => after.get(id) === slot).length;
  equal(stayed >= 0.8 * before.size, true, `${stayed} of ${before.size}`);
  equal([...layoutLabels(items, FIELD, before)], [...before]);
});

test("boxes without a label are only kept clear of", () => {
  const items = scene(3).map((item) => (item.kind === "red_cell" ? { ...item, size: null } : item));
  equal([...layoutLabels(items, FIELD).keys()].every((id) => id < 100), true);
  equal(layoutLabels([], FIELD).size, 0);
});

test("what is placed beside a cell stays in the pane and off the cell and the others", () => {
  const size = { width: 200, height: 150 };
  const box = { left: 350, top: 300, right: 450, bottom: 400 };
  const above = { id: 2, kind: "white_cell", box: { left: 300, top: 100, right: 600, bottom: 290 } };
  const free = placeBeside(box, size, FIELD);
  const placed = placeBeside(box, size, FIELD, [above]);
  const rectangle = ({ left, top }) => ({ left, top, right: left + size.width, bottom: top + size.height });
  equal(shared(rectangle(free), box), 0);
  equal(shared(rectangle(placed), box), 0);
  equal(shared(rectangle(placed), above.box), 0);
  for (const corner of [{ left: 0, top: 0, right: 90, bottom: 90 }, { left: 810, top: 510, right: 900, bottom: 600 }]) {
    const { left, top } = placeBeside(corner, size, FIELD);
    equal(left >= 0 && top >= 0 && left + 200 <= 900 && top + 150 <= 600, true);
  }
});
