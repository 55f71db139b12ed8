/** A made-up smear and a camera that pans over it, for the tests of the live page's tracker. */

/** Return a generator of numbers in [0, 1): mulberry32, the same for the same seed. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const normal = (next) => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

/** Return {cells, width, height}: `white` white cells and many red ones, none over another. */
export function smear({ width, height, white, red, seed = 1 }) {
  const next = random(seed);
  const cells = [];
  const place = (kind, size) => {
    for (let attempt = 0; attempt < 400; attempt += 1) {
      const [x, y] = [size + next() * (width - 2 * size), size + next() * (height - 2 * size)];
      const free = cells.every((other) => Math.hypot(other.x - x, other.y - y) > 0.55 * (other.size + size));
      if (free) return { kind, x, y, size };
    }
    return null;
  };
  const kinds = [...Array(white).fill("white_cell"), ...Array(red).fill("red_cell")];
  for (const kind of kinds) {
    const size = kind === "white_cell" ? 130 + 50 * next() : 85 + 20 * next();
    const cell = place(kind, size);
    if (cell) cells.push({ ...cell, type: Math.floor(next() * 3), look: Array.from({ length: 48 }, () => 0.5 + next()) });
  }
  return { cells, width, height };
}

/**
 * Return a camera: `camera(x, y, at)` gives the frame there as a detector with faults sees it:
 * boxes `jitter` pixels off (standard deviation), `missing` of the cells not seen, `false_` boxes
 * a frame where nothing is, the type right in three frames of four.
 */
export function cameraOver(world, { width = 640, height = 480, jitter = 3, missing = 0.1, false_ = 0.3, seed = 7 } = {}) {
  const next = random(seed);
  const types = ["eosinophil", "lymphocyte", "neutrophil"];
  const see = ({ kind, x, y, size, type, look }, left, top) => {
    const [dx, dy] = [jitter * normal(next), jitter * normal(next)];
    const box = [x - left - size / 2 + dx, y - top - size / 2 + dy, x - left + size / 2 + dx, y - top + size / 2 + dy];
    const inside = [Math.max(box[0], 0), Math.max(box[1], 0), Math.min(box[2], width), Math.min(box[3], height)];
    if (inside[2] - inside[0] < 14 || inside[3] - inside[1] < 14) return null;
    const cut = inside.some((edge, i) => edge !== box[i]);
    if (kind !== "white_cell") return { kind, box: inside, score: 0.9, cut };
    const guess = next() < 0.75 ? type : Math.floor(next() * 3);
    const probabilities = [0.1, 0.1, 0.1];
    probabilities[guess] = 0.8;
    const signature = look.map((value) => value * (1 + 0.02 * normal(next)));
    return { kind, box: inside, score: 0.9, cut, probabilities, status: "confident", signature };
  };
  return (left, top, at) => {
    const cells = world.cells.filter(() => next() >= missing).map((cell) => see(cell, left, top)).filter(Boolean);
    if (next() < false_) {
      const [x, y, size] = [next() * (width - 100), next() * (height - 100), 60 + 40 * next()];
      const kind = next() < 0.3 ? "white_cell" : "red_cell";
      cells.push({ kind, box: [x, y, x + size, y + size], score: 0.5, cut: false, probabilities: kind === "white_cell" ? [0.4, 0.3, 0.3] : undefined, status: "check" });
    }
    return { cells, width, height, at, types };
  };
}

/** Return the points of a path in steps of at most `step` pixels: [[x, y], …]. */
export function path(corners, step) {
  const points = [corners[0]];
  for (let i = 1; i < corners.length; i += 1) {
    const [[fromX, fromY], [toX, toY]] = [corners[i - 1], corners[i]];
    const parts = Math.max(1, Math.ceil(Math.hypot(toX - fromX, toY - fromY) / step));
    for (let k = 1; k <= parts; k += 1) {
      points.push([fromX + ((toX - fromX) * k) / parts, fromY + ((toY - fromY) * k) / parts]);
    }
  }
  return points;
}
