/**
 * Where the labels go: outside their own cell's box always, off other boxes and other labels as
 * well as there is room, inside the field. Pure: boxes, sizes and answers are in screen pixels
 * from the field's corner.
 *
 * An answer is a slot, not a position, so that a label keeps its side while the view zooms.
 */

const GAP_PX = 4;
const FAR_PX = 26; // one label further off, tied to its box by a line
const TILE_PX = 64;
/** What it costs to cover the whole of a label's own area with something. */
const COST = { outside: 8, label: 20, white_cell: 12, platelet: 4, red_cell: 1 };
const SLOT_COST = 0.012; // the first slots are where people look first
const KEPT_BONUS = 0.05;
/** Above this a label that need not show is left out, and one that must looks for a better slot. */
const ENOUGH = 0.4;

/** The slots around a box: [side, alignment along it, distance], the best first. */
const SLOTS = [
  ["above", 0], ["below", 0], ["above", 1], ["below", 1], ["right", 0], ["left", 0],
  ["above", 0.5], ["below", 0.5], ["right", 0.5], ["left", 0.5], ["right", 1], ["left", 1],
  ["above", 0, FAR_PX], ["below", 0, FAR_PX], ["right", 0, FAR_PX], ["left", 0, FAR_PX],
  ["above", 1, FAR_PX], ["below", 1, FAR_PX], ["right", 1, FAR_PX], ["left", 1, FAR_PX],
].map(([side, align, gap = GAP_PX]) => ({ side, align, gap }));

/** Return the rectangle of a label of `size` in a slot of `box`: it never meets the box. */
export function rectangleIn(slot, box, size) {
  const { side, align, gap } = SLOTS[slot];
  const flat = side === "above" || side === "below";
  const left = flat
    ? box.left + align * (box.right - box.left - size.width)
    : side === "right" ? box.right + gap : box.left - gap - size.width;
  const top = !flat
    ? box.top + align * (box.bottom - box.top - size.height)
    : side === "below" ? box.bottom + gap : box.top - gap - size.height;
  return { left, top, right: left + size.width, bottom: top + size.height };
}

/** Say whether a slot stands so far off that a line has to tie the label to its box. */
export function isFar(slot) {
  return SLOTS[slot].gap > GAP_PX;
}

/**
 * Return Map of id → slot.
 *
 * `items` are [{id, kind, box, size: {width, height} or null, must}]: all boxes to keep clear of;
 * those with a size want a label; a label without `must` is left out where there is no room.
 * `bounds` is {width, height} of the field; `before` an earlier answer, whose slots are kept where
 * they still fit.
 */
export function layoutLabels(items, bounds, before = new Map()) {
  const slots = new Map();
  const wanted = items.filter((item) => item.size);
  if (!wanted.length) return slots; // a panorama from afar
  const boxes = new Tiles(items.map(({ id, kind, box }) => ({ ...box, id, weight: COST[kind] ?? 1 })));
  const labels = new Tiles([]);
  const scene = { bounds, boxes, labels, before };
  const settle = (item) => {
    const { slot, cost } = bestSlot(item, scene);
    if (!item.must && cost > ENOUGH) return cost;
    slots.set(item.id, slot);
    labels.add({ ...rectangleIn(slot, item.box, item.size), id: item.id, weight: COST.label });
    return cost;
  };
  const must = wanted.filter((item) => item.must);
  const crowded = must.filter((item) => settle(item) > ENOUGH);
  for (const item of crowded) { // once more, now that the others have settled
    labels.remove(item.id);
    settle(item);
  }
  for (const item of wanted) if (!item.must) settle(item);
  return slots;
}

/**
 * Return {left, top}: where something of `size` fits best beside a box, inside `bounds` and off
 * the `others`, [{id, kind, box}].
 */
export function placeBeside(box, size, bounds, others = []) {
  const boxes = new Tiles(others.map((other) => ({ ...other.box, id: other.id, weight: COST[other.kind] ?? 1 })));
  const scene = { bounds, boxes, labels: new Tiles([]), before: new Map() };
  const { slot } = bestSlot({ id: null, box, size }, scene);
  const { left, top } = rectangleIn(slot, box, size);
  return {
    left: Math.min(Math.max(left, 0), Math.max(bounds.width - size.width, 0)),
    top: Math.min(Math.max(top, 0), Math.max(bounds.height - size.height, 0)),
  };
}

function bestSlot(item, scene) {
  let best = null;
  for (let slot = 0; slot < SLOTS.length; slot += 1) {
    const far = isFar(slot) ? ENOUGH / 2 : 0;
    if (far && best.cost <= far) break; // a near slot will do
    const kept = scene.before.get(item.id) === slot ? KEPT_BONUS : 0;
    const place = rectangleIn(slot, item.box, item.size);
    const cost = slot * SLOT_COST + far - kept + crowding(place, item, scene);
    if (!best || cost < best.cost) best = { slot, cost };
  }
  return best;
}

/** Return what a label covers at a place, each thing's share of the label times its cost. */
function crowding(place, item, { bounds, boxes, labels }) {
  const area = (place.right - place.left) * (place.bottom - place.top);
  const field = { left: 0, top: 0, right: bounds.width, bottom: bounds.height };
  let cost = COST.outside * (1 - shared(place, field) / area);
  for (const tiles of [boxes, labels]) {
    tiles.near(place, (other) => {
      if (other.id !== item.id) cost += (other.weight * shared(place, other)) / area;
    });
  }
  return cost;
}

function shared(a, b) {
  const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return wide > 0 && high > 0 ? wide * high : 0;
}

/** Rectangles by the tiles that they touch, so that two thousand are searched in no time. */
class Tiles {
  #tiles = new Map();
  #visit = 0;

  constructor(rectangles) {
    for (const rectangle of rectangles) this.add(rectangle);
  }

  add(rectangle) {
    const entry = { ...rectangle, seen: 0 };
    this.#each(rectangle, (key) => {
      if (!this.#tiles.has(key)) this.#tiles.set(key, []);
      this.#tiles.get(key).push(entry);
    });
  }

  remove(id) {
    for (const [key, entries] of this.#tiles) this.#tiles.set(key, entries.filter((entry) => entry.id !== id));
  }

  /** Call `body` once for each rectangle in a tile that `place` touches. */
  near(place, body) {
    this.#visit += 1;
    this.#each(place, (key) => {
      for (const entry of this.#tiles.get(key) ?? []) {
        if (entry.seen === this.#visit) continue;
        entry.seen = this.#visit;
        body(entry);
      }
    });
  }

  #each({ left, top, right, bottom }, body) {
    for (let x = Math.floor(left / TILE_PX); x <= Math.floor(right / TILE_PX); x += 1) {
      for (let y = Math.floor(top / TILE_PX); y <= Math.floor(bottom / TILE_PX); y += 1) body(x * 65536 + y);
    }
  }
}
