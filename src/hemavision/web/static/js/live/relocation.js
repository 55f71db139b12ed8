/** Finding a frame again anywhere on the mosaic, after the way was lost. Pure. */

import { centre, distance, side } from "./geometry.js";
import { WHITE } from "./landmarks.js";
import { median, register } from "./registration.js";
import { ALIKE, unlikeness } from "./signature.js";

const LEAST_CELLS = 6; // that must lie on known ones, for their places alone to be believed …
const CELLS_SHARE = 0.6;
const LEAST_WITH_LOOK = 2; // … or these, where a white cell looks like the known one there
const LOOK_SHARE = 0.3;
const LOOK_REACH_PX = 30; // a white cell's box jitters more than a red one's
const SIZE_RATIO = 1.25;

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
  return ratio < SIZE_RATIO && ratio > 1 / SIZE_RATIO && unlikeness(cell.signature, mark.signature) < ALIKE;
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
