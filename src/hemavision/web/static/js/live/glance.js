/**
 * How far the camera has moved since the last frame, from the pixels alone. Pure.
 *
 * Cells tell it better where they stand apart; where they lie in clumps, or hardly any are in view,
 * a glance at a small grey picture does not lose the way.
 */

export const THUMB_PX = 160; // long side of the finest picture compared
const LEVELS = 3;
const COARSE_REACH = 11; // pixels of the coarsest picture, each way
const LEAST_LIKENESS = 0.55; // correlation below which two pictures are not of one place
const LEAST_OVERLAP = 0.3; // of the picture's area
const LEAST_CONTRAST = 2; // grey levels: on a plainer picture there is nothing to hold on to

export const unseen = Object.freeze({ epoch: 0, x: 0, y: 0, levels: null });

/**
 * Return the glance {epoch, x, y} after one more picture: where the camera is, in pixels of the
 * frame. Places of one epoch can be compared; where a picture does not go on from the one before,
 * a new epoch begins.
 */
export function glanced(before, levels, scale) {
  const shift = before.levels && shiftBetween(before.levels, levels);
  if (!shift) return { epoch: before.epoch + 1, x: 0, y: 0, levels };
  return { epoch: before.epoch, x: before.x + shift.x * scale, y: before.y + shift.y * scale, levels };
}

/** Return RGBA bytes of width × height pixels as grey pictures, the finest first. */
export function greyLevels(pixels, width, height) {
  const values = new Float32Array(width * height);
  for (let i = 0; i < values.length; i += 1) {
    values[i] = 0.3 * pixels[i * 4] + 0.59 * pixels[i * 4 + 1] + 0.11 * pixels[i * 4 + 2];
  }
  const levels = [{ values, width, height }];
  while (levels.length < LEVELS) levels.push(halved(levels.at(-1)));
  return levels;
}

function halved({ values, width, height }) {
  const [w, h] = [width >> 1, height >> 1];
  const out = new Float32Array(w * h);
  for (let y = 0; y < h; y += 1) {
    for (let x = 0; x < w; x += 1) {
      const at = 2 * y * width + 2 * x;
      out[y * w + x] = (values[at] + values[at + 1] + values[at + width] + values[at + width + 1]) / 4;
    }
  }
  return { values: out, width: w, height: h };
}

/** Return the camera's move {x, y} in pixels of the finest level, or null where none is sure. */
export function shiftBetween(before, now) {
  if (before[0].width !== now[0].width || before[0].height !== now[0].height) return null;
  let best = { x: 0, y: 0, likeness: -1 };
  for (let level = LEVELS - 1; level >= 0; level -= 1) {
    const reach = level === LEVELS - 1 ? COARSE_REACH : 1;
    const middle = level === LEVELS - 1 ? best : { x: 2 * best.x, y: 2 * best.y };
    best = search(before[level], now[level], middle, reach);
  }
  if (best.likeness < LEAST_LIKENESS) return null;
  return settled(before[0], now[0], best);
}

function search(before, now, middle, reach) {
  let best = { ...middle, likeness: -1 };
  for (let y = middle.y - reach; y <= middle.y + reach; y += 1) {
    for (let x = middle.x - reach; x <= middle.x + reach; x += 1) {
      const found = likeness(before, now, x, y);
      if (found > best.likeness) best = { x, y, likeness: found };
    }
  }
  return best;
}

/** Return the correlation of `now` with `before` moved by whole pixels, over what both show. */
function likeness(before, now, dx, dy) {
  const { width, height } = now;
  const [left, right] = [Math.max(0, -dx), Math.min(width, width - dx)];
  const [top, bottom] = [Math.max(0, -dy), Math.min(height, height - dy)];
  const count = (right - left) * (bottom - top);
  if (right <= left || bottom <= top || count < LEAST_OVERLAP * width * height) return -1;
  let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0];
  for (let y = top; y < bottom; y += 1) {
    let [here, there] = [y * width + left, (y + dy) * width + left + dx];
    for (let x = left; x < right; x += 1) {
      const [p, q] = [now.values[here], before.values[there]];
      a += p; b += q; aa += p * p; bb += q * q; ab += p * q;
      here += 1; there += 1;
    }
  }
  const spread = (aa - (a * a) / count) * (bb - (b * b) / count);
  return spread > (LEAST_CONTRAST ** 2 * count) ** 2 ? (ab - (a * b) / count) / Math.sqrt(spread) : -1;
}

/** Between pixels: the top of the parabola through the best place and its neighbours. */
function settled(before, now, { x, y, likeness: top }) {
  const peak = (low, high) => {
    const curve = low - 2 * top + high;
    return low > -1 && high > -1 && curve < 0 ? Math.min(Math.max((low - high) / (2 * curve), -0.5), 0.5) : 0;
  };
  return {
    x: x + peak(likeness(before, now, x - 1, y), likeness(before, now, x + 1, y)),
    y: y + peak(likeness(before, now, x, y - 1), likeness(before, now, x, y + 1)),
  };
}
