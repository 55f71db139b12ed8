/** Which seen cell is which known one, once the frame's place is known. Pure. */

import { centre, clipped, distance, moved, overlap, side } from "./geometry.js";
import { WHITE } from "./landmarks.js";
import { ALIKE, unlikeness } from "./signature.js";

const LEAST_OVERLAP = 0.3;
const NEAR_SHARE = 0.4; // of a cell's side: so near, two middles are one cell's
const DRIFT_SHARE = 1.2; // so far a white cell may lie off after a long way round

/**
 * Return {pairs: [[cell, landmark]], strangers: [cells], absent: [landmarks]}.
 *
 * Best pairs first: by overlap of what the frame can show of both. White cells left over get a
 * second chance further off, by their look.
 */
export function match(cells, landmarks, { offset, frame }) {
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
  return near < NEAR_SHARE ? LEAST_OVERLAP * (1 - near) : 0;
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
