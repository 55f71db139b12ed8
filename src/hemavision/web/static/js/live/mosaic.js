/**
 * The slide as the camera has seen it: every cell at its place on a mosaic. Pure.
 *
 * Each frame is laid onto the mosaic by the cells that it shares with it, so a cell that comes
 * back into view is the cell that it was. Where a frame fits nowhere (the stage jumped, the focus
 * was lost), a new chart begins; it is joined to an older one when cells of both meet.
 */

import { ALIKE, unlikeness } from "./cells.js";
import { centre, clipped, distance, moved, overlap, side, visibleShare } from "./geometry.js";
import { found, holds, merged, passedOver, seenAgain, shows, WHITE } from "./landmarks.js";
import { register, relocate, sameWhiteCells } from "./registration.js";

const LOST_AFTER_MS = 350;
const GLANCED_REACH_PX = 22; // how far a frame may lie from where the pixels say …
const LEAST_GLANCED = 2; // … for so many cells to mend that
const REACH_PX = 36; // how far a frame may lie from where it is expected …
const REACH_PX_A_MS = 0.9; // … and more with every millisecond since the last
const REACH_MOST_PX = 220;
const LEAST_NEAR = 3; // cells that must agree with the mosaic near the place expected
const NEAR_SHARE = 0.35; // of the frame's whole cells
const JOIN_EVERY = 5; // frames
const KEPT_MOST = 3000; // landmarks that are no white cells; the longest unseen go first
const EXPECTED_SHARE = 0.6; // of a cell in view: with less, missing it means nothing
const LEAST_OVERLAP = 0.3;
const MIDDLES_SHARE = 0.4; // of a cell's side: so near, two middles are one cell's
const DRIFT_SHARE = 1.2; // so far a white cell may lie off after a long way round

export const emptyMosaic = Object.freeze({
  landmarks: [], chart: 0, offset: { x: 0, y: 0 }, speed: { x: 0, y: 0 },
  at: null, fixedAt: null, glance: null, frames: 0, nextId: 1, nextChart: 1, gone: {},
});

/**
 * Return the mosaic after a frame {cells, width, height, at (ms), types, glance}.
 *
 * A cell is {kind, box, score, cut, …}; white ones carry `probabilities` in the order of `types`,
 * `status`, `signature` and `heatmap`. `glance` is where the pixels say that the camera is
 * (glance.js); without it the cells alone do.
 */
export function advance(mosaic, frame) {
  const place = locate(mosaic, frame);
  if (!place) return coasting(mosaic, frame);
  const joined = { ...mosaic, ...place.fresh };
  const next = observe(joined, frame, { chart: place.chart, offset: place.offset });
  return next.frames % JOIN_EVERY === 0 ? joinCharts(next, frame) : next;
}

/** Return what to draw: landmarks in view with their box in the frame's pixels. */
export function inView(mosaic, frame) {
  const back = { x: -mosaic.offset.x, y: -mosaic.offset.y };
  return mosaic.landmarks
    .filter((landmark) => landmark.chart === mosaic.chart && shows(landmark))
    .map((landmark) => ({ ...landmark, box: moved(landmark.box, back) }))
    .filter(({ box }) => visibleShare(box, frame) > 0.05);
}

function locate(mosaic, frame) {
  if (mosaic.landmarks.length === 0) return { chart: mosaic.chart, offset: mosaic.offset };
  const sound = wholeCells(frame);
  const elapsed = frame.at - mosaic.fixedAt;
  const glance = glancedOffset(mosaic, frame);
  const guess = glance ?? expectedOffset(mosaic, frame);
  const reachPx = glance ? GLANCED_REACH_PX : Math.min(REACH_PX + REACH_PX_A_MS * elapsed, REACH_MOST_PX);
  const here = mosaic.landmarks.filter((mark) => mark.chart === mosaic.chart && mark.whole
    && within(mark, guess, frame, reachPx));
  const nearby = register(sound, here, { ...guess, reachPx });
  const enough = glance ? LEAST_GLANCED : needed(sound);
  if (nearby && nearby.inliers >= enough) return { chart: mosaic.chart, offset: nearby };
  if (glance) return { chart: mosaic.chart, offset: glance };
  const anywhere = relocate(mosaic.landmarks, sound, () => true);
  if (anywhere) return anywhere;
  if (elapsed < LOST_AFTER_MS || sound.length === 0) return null;
  return { chart: mosaic.nextChart, offset: { x: 0, y: 0 }, fresh: { nextChart: mosaic.nextChart + 1 } };
}

/** Return where the pixels say that the frame lies, or null where they lost the way. */
function glancedOffset({ offset, glance }, frame) {
  if (!glance || !frame.glance || glance.epoch !== frame.glance.epoch) return null;
  return { x: offset.x + frame.glance.x - glance.x, y: offset.y + frame.glance.y - glance.y };
}

const wholeCells = (frame) => frame.cells.filter((cell) => !cell.cut);

/** With few cells in view all must agree; with many, a share of them. */
function needed(sound) {
  return Math.max(Math.min(LEAST_NEAR, Math.max(sound.length, 1)), Math.ceil(NEAR_SHARE * sound.length));
}

function expectedOffset({ offset, speed, at, fixedAt }, frame) {
  // A stage that could not be followed for a while has as well stopped as gone on.
  const elapsed = at === null ? 0 : Math.min(frame.at - fixedAt, LOST_AFTER_MS);
  return { x: offset.x + speed.x * elapsed, y: offset.y + speed.y * elapsed };
}

function within(landmark, { x, y }, frame, reachPx) {
  const at = centre(landmark.box);
  return at.x > x - reachPx && at.x < x + frame.width + reachPx
    && at.y > y - reachPx && at.y < y + frame.height + reachPx;
}

function observe(mosaic, frame, { chart, offset: { x, y } }) {
  const offset = { x, y };
  const known = mosaic.landmarks.filter((mark) => mark.chart === chart
    && visibleShare(moved(mark.box, { x: -x, y: -y }), frame) > 0);
  const { pairs, strangers, absent } = match(frame.cells, known, { offset, frame });
  const seeing = { offset, frame, types: frame.types };
  const changed = new Map(pairs.map(([cell, mark]) => [mark.id, seenAgain(mark, cell, seeing)]));
  for (const mark of absent) {
    const share = visibleShare(moved(mark.box, { x: -x, y: -y }), frame);
    if (share >= EXPECTED_SHARE) changed.set(mark.id, passedOver(mark, seeing));
  }
  const fresh = strangers.map((cell, i) => found(mosaic.nextId + i, chart, cell, seeing));
  const landmarks = mosaic.landmarks.map((mark) => changed.get(mark.id) ?? mark).filter(holds);
  return trimmed({
    ...mosaic, chart, offset, speed: speedAfter(mosaic, frame, { chart, offset }),
    landmarks: [...landmarks, ...fresh], nextId: mosaic.nextId + fresh.length,
    at: frame.at, fixedAt: frame.at, glance: frame.glance ?? null, frames: mosaic.frames + 1,
  });
}

function speedAfter(mosaic, frame, { chart, offset }) {
  const elapsed = frame.at - (mosaic.fixedAt ?? frame.at);
  if (chart !== mosaic.chart || elapsed <= 0 || elapsed > LOST_AFTER_MS) return { x: 0, y: 0 };
  const mix = (now, before) => 0.6 * now + 0.4 * before;
  return {
    x: mix((offset.x - mosaic.offset.x) / elapsed, mosaic.speed.x),
    y: mix((offset.y - mosaic.offset.y) / elapsed, mosaic.speed.y),
  };
}

/** A frame that fits nowhere changes nothing but what is drawn: its cells are not where they were. */
function coasting(mosaic, frame) {
  const drawn = new Set(inView(mosaic, frame).map(({ id }) => id));
  const landmarks = mosaic.landmarks.map((mark) =>
    drawn.has(mark.id) ? { ...mark, missed: mark.missed + 1 } : mark);
  return { ...mosaic, landmarks, at: frame.at, frames: mosaic.frames + 1 };
}

/** Lay the current chart onto another one where its cells are found there. */
function joinCharts(mosaic, frame) {
  const { chart, offset, landmarks } = mosaic;
  if (landmarks.every((mark) => mark.chart === chart)) return mosaic;
  const seen = relocate(landmarks, wholeCells(frame), (other) => other !== chart);
  const other = seen ? { chart: seen.chart, by: difference(seen.offset, offset) } : sameWhiteCells(landmarks, chart);
  if (!other) return mosaic;
  const [home, coming] = [[], []];
  for (const mark of landmarks) (mark.chart === chart ? coming : home).push(mark);
  const moving = coming.map((mark) => ({ ...mark, chart: other.chart, box: moved(mark.box, other.by) }));
  return {
    ...mosaic, chart: other.chart, offset: { x: offset.x + other.by.x, y: offset.y + other.by.y },
    landmarks: united(home, moving, frame.types),
  };
}

const difference = (a, b) => ({ x: a.x - b.x, y: a.y - b.y });

function united(home, moving, types) {
  const all = [...home];
  for (const mark of moving) {
    const twin = all.findIndex((other) => other.chart === mark.chart && other.kind === mark.kind
      && (overlap(other.box, mark.box) > 0.3
        || distance(centre(other.box), centre(mark.box)) < 0.4 * side(mark.box)));
    if (twin < 0) all.push(mark);
    else all[twin] = merged(all[twin], mark, types);
  }
  return all;
}

/** Forget the oldest of too many red cells and platelets; how many there were is kept in `gone`. */
function trimmed(mosaic) {
  const surplus = mosaic.landmarks.filter((mark) => mark.kind !== WHITE).length - KEPT_MOST;
  if (surplus <= 0) return mosaic;
  const old = new Set(mosaic.landmarks.filter((mark) => mark.kind !== WHITE).slice(0, surplus));
  const gone = { ...mosaic.gone };
  for (const { kind } of old) gone[kind] = (gone[kind] ?? 0) + 1;
  return { ...mosaic, gone, landmarks: mosaic.landmarks.filter((mark) => !old.has(mark)) };
}

/**
 * Return which seen cell is which known one, once the frame's place is known: {pairs: [[cell,
 * landmark]], strangers: [cells], absent: [landmarks]}.
 *
 * Best pairs first: by overlap of what the frame can show of both. White cells left over get a
 * second chance further off, by their look.
 */
function match(cells, landmarks, { offset, frame }) {
  const back = { x: -offset.x, y: -offset.y };
  const expected = landmarks.map((landmark) => clipped(moved(landmark.box, back), frame));
  const ranked = [];
  cells.forEach((cell, i) => landmarks.forEach((landmark, j) => {
    if (cell.kind !== landmark.kind) return;
    const score = likeness(cell.box, expected[j]);
    if (score > 0) ranked.push({ i, j, score });
  }));
  ranked.sort((a, b) => b.score - a.score);
  const [taken, met] = [new Map(), new Set()];
  for (const { i, j } of ranked) {
    if (taken.has(i) || met.has(j)) continue;
    taken.set(i, j);
    met.add(j);
  }
  secondChance(cells, landmarks, { offset, taken, met });
  return {
    pairs: [...taken].map(([i, j]) => [cells[i], landmarks[j]]),
    strangers: cells.filter((_, i) => !taken.has(i)),
    absent: landmarks.filter((_, j) => !met.has(j)),
  };
}

function likeness(seen, expected) {
  const common = overlap(seen, expected);
  if (common >= LEAST_OVERLAP) return common;
  const near = distance(centre(seen), centre(expected)) / side(seen);
  return near < MIDDLES_SHARE ? LEAST_OVERLAP * (1 - near) : 0;
}

function secondChance(cells, landmarks, { offset, taken, met }) {
  cells.forEach((cell, i) => {
    if (taken.has(i) || cell.kind !== WHITE || cell.cut) return;
    const at = centre(moved(cell.box, offset));
    const fits = landmarks.findIndex((landmark, j) => !met.has(j) && landmark.kind === WHITE
      && distance(at, centre(landmark.box)) < DRIFT_SHARE * side(cell.box)
      && unlikeness(cell.signature, landmark.signature) < ALIKE);
    if (fits < 0) return;
    taken.set(i, fits);
    met.add(fits);
  });
}
