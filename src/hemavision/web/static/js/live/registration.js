/**
 * Where a frame lies on the mosaic, from the cells in it. Pure.
 *
 * Every pair of a seen and a known cell of one kind and about one size votes for the shift between
 * them; where the votes agree is where the frame lies. Cells lie irregularly, so a wrong shift
 * brings hardly any two of them together. After the way was lost a frame is found again anywhere, by
 * the places of its cells alone, or with the look of white ones.
 */

import { ALIKE, unlikeness } from "./cells.js";
import { centre, distance, side } from "./geometry.js";
import { WHITE } from "./landmarks.js";

const TOLERANCE_PX = 9; // a detector's boxes jitter by a few pixels
const SIZE_RATIO = 1.6;
const PEAKS_TRIED = 5;
const STRIDE = 2 ** 20; // more bins a row than any mosaic has

const LEAST_CELLS = 6; // that must lie on known ones, for their places alone to be believed …
const CELLS_SHARE = 0.6;
const LEAST_WITH_LOOK = 2; // … or these, where a white cell looks like the known one there
const LOOK_SHARE = 0.3;
const LOOK_REACH_PX = 30; // a white cell's box jitters more than a red one's
const ALIKE_RATIO = 1.25;

/**
 * Return the shift {x, y} that brings `seen` onto `known`, with how many seen cells then lie on a
 * known one, or null where no shift brings two together.
 *
 * `near` = {x, y, reachPx} keeps to shifts about as large as expected; without it any shift may win.
 */
export function register(seen, known, near = null) {
  const votes = pairs(seen, known, near);
  let best = null;
  for (const peak of peaks(votes)) {
    const found = refine(votes, peak);
    if (found && (!best || rank(found, near) > rank(best, near))) best = found;
  }
  return best;
}

function pairs(seen, known, near) {
  const votes = [];
  const landmarks = known.map(({ kind, box }) => ({ kind, at: centre(box), size: side(box) }));
  seen.forEach(({ kind, box }, index) => {
    const [at, size] = [centre(box), side(box)];
    for (const other of landmarks) {
      if (other.kind !== kind) continue;
      const ratio = other.size / size;
      if (ratio > SIZE_RATIO || ratio < 1 / SIZE_RATIO) continue;
      const shift = { x: other.at.x - at.x, y: other.at.y - at.y, index };
      if (!near || distance(shift, near) <= near.reachPx) votes.push(shift);
    }
  });
  return votes;
}

/** Return the fullest bins' centres. Bins overlap by half, so that no border splits a cluster. */
function peaks(votes) {
  const counts = new Map();
  for (const { x, y } of votes) {
    const [column, row] = [Math.floor(x / TOLERANCE_PX), Math.floor(y / TOLERANCE_PX)];
    for (const key of [0, 1, STRIDE, STRIDE + 1]) {
      const bin = column + row * STRIDE - key;
      counts.set(bin, (counts.get(bin) ?? 0) + 1);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, PEAKS_TRIED).map(([bin]) => {
    const row = Math.round(bin / STRIDE);
    return { x: (bin - row * STRIDE + 1) * TOLERANCE_PX, y: (row + 1) * TOLERANCE_PX };
  });
}

/** Settle on the median of the votes around a peak, each seen cell having one. */
function refine(votes, peak) {
  let at = peak;
  let inliers = [];
  for (const reach of [1.6, 1.2]) {
    const nearest = new Map(); // seen cell → its vote nearest to the shift
    for (const vote of votes) {
      if (distance(vote, at) > reach * TOLERANCE_PX) continue;
      const other = nearest.get(vote.index);
      if (!other || distance(vote, at) < distance(other, at)) nearest.set(vote.index, vote);
    }
    inliers = [...nearest.values()];
    if (!inliers.length) return null;
    at = { x: median(inliers.map(({ x }) => x)), y: median(inliers.map(({ y }) => y)) };
  }
  return { ...at, inliers: inliers.length };
}

/** Of two shifts with about as many votes, the nearer one to what was expected is likelier. */
function rank(found, near) {
  return found.inliers - (near ? distance(found, near) / near.reachPx : 0);
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Return {chart, offset} where a frame's whole cells are found among the landmarks, or null.
 * `allowed(chart)` says where to look.
 */
export function relocate(landmarks, sound, allowed) {
  let best = null;
  for (const chart of new Set(landmarks.map((mark) => mark.chart))) {
    if (!allowed(chart)) continue;
    const known = landmarks.filter((mark) => mark.chart === chart && mark.whole);
    const offset = byPlaces(sound, known) ?? byLook(sound, known);
    if (offset && (!best || offset.inliers > best.offset.inliers)) best = { chart, offset };
  }
  return best;
}

function byPlaces(sound, known) {
  const offset = register(sound, known);
  const enough = Math.max(LEAST_CELLS, Math.ceil(CELLS_SHARE * sound.length));
  return offset && offset.inliers >= enough ? offset : null;
}

/** Try the places that white cells' looks suggest; another cell must agree with each. */
function byLook(sound, known) {
  const enough = Math.max(LEAST_WITH_LOOK, Math.ceil(LOOK_SHARE * sound.length));
  let best = null;
  for (const cell of sound) {
    if (cell.kind !== WHITE) continue;
    for (const mark of known) {
      if (mark.kind !== WHITE || !looksLike(cell, mark)) continue;
      const offset = register(sound, known, { ...shift(cell, mark), reachPx: LOOK_REACH_PX });
      if (offset && offset.inliers >= enough && offset.inliers > (best?.inliers ?? 0)) best = offset;
    }
  }
  return best;
}

function looksLike(cell, mark) {
  const ratio = side(cell.box) / side(mark.box);
  return ratio < ALIKE_RATIO && ratio > 1 / ALIKE_RATIO && unlikeness(cell.signature, mark.signature) < ALIKE;
}

/**
 * Return {chart, by} where the white cells of one chart look like those of another, two at least
 * at the same shift `by`; or null. It needs no cell in common in any one frame.
 */
export function sameWhiteCells(landmarks, chart) {
  const white = landmarks.filter((mark) => mark.kind === WHITE && mark.whole && mark.signature);
  const pairs = white.filter((mark) => mark.chart === chart).flatMap((mark) => white
    .filter((other) => other.chart !== chart && looksLike(mark, other))
    .map((other) => ({ id: mark.id, chart: other.chart, by: shift(mark, other) })));
  for (const pair of pairs) {
    const agreeing = pairs.filter((other) => other.chart === pair.chart && distance(other.by, pair.by) < LOOK_REACH_PX);
    if (new Set(agreeing.map(({ id }) => id)).size < LEAST_WITH_LOOK) continue;
    return { chart: pair.chart, by: { x: median(agreeing.map(({ by }) => by.x)), y: median(agreeing.map(({ by }) => by.y)) } };
  }
  return null;
}

function shift(mark, other) {
  const [here, there] = [centre(mark.box), centre(other.box)];
  return { x: there.x - here.x, y: there.y - here.y };
}
