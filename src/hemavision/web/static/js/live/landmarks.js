/** What is known of one cell: where it lies on the mosaic, how often it was seen, its name. Pure. */

import { blend, centre, moved, visibleShare } from "./geometry.js";

export const WHITE = "white_cell";
/** A cell counts once it was seen whole in so many frames … */
const COUNTS_AFTER_FRAMES = 3;
/** … and in this share of the frames that should have shown it whole. */
const COUNTS_SHARE = 0.5;
const SHOWN_AFTER_FRAMES = 2;
const HELD_FRAMES = 4; // a cell that the detector misses for a moment stays where it was
const FORGOTTEN_AFTER = 4;
const LEAST_SHARE = 0.3;
const STEADY_SHARE = 0.2; // of a new box in the shown one, once a few were seen
const WHOLE_MARGIN_PX = 4;
const BORDER_PX = 14; // so near the frame's border a detector's box may stop short of the cell's end
const NAME_MARGIN = 0.1; // how much more probable another type must be on average to take over
const STATUS_MARGIN = 0.15;
const MEMORY_FRAMES = 40; // older answers fade: a first, blurred look must not count for ever
const MAP_SHARE = 0.35; // of a new heatmap in the shown one

/** Return a new landmark; `seeing` is {offset, frame, types}: the frame and where its corner lies. */
export function found(id, chart, cell, seeing) {
  const landmark = {
    id, chart, kind: cell.kind, box: moved(cell.box, seeing.offset), whole: false,
    seen: 0, seenWhole: 0, missedWhole: 0, missed: 0,
    naming: nameless, signature: null, heatmap: null,
  };
  return seenAgain(landmark, cell, seeing);
}

/** Return a landmark after a frame that shows it. */
export function seenAgain(landmark, cell, { offset, frame, types }) {
  const box = moved(cell.box, offset);
  const whole = !cell.cut;
  const named = whole || !landmark.whole;
  return {
    ...landmark,
    box: whole ? settledBox(landmark, box, atBorder(cell.box, frame)) : grownBox(landmark, box),
    whole: landmark.whole || whole,
    seen: landmark.seen + 1,
    seenWhole: landmark.seenWhole + (whole ? 1 : 0),
    missed: 0,
    naming: named ? heard(whole && !landmark.whole ? nameless : landmark.naming, cell, types) : landmark.naming,
    signature: whole && cell.signature ? meanSignature(landmark.signature, cell.signature) : landmark.signature,
    heatmap: smoothMap(landmark.heatmap, relativeMap(cell)),
  };
}

/** An edge at the border tells only that the cell reaches so far at least. */
function settledBox(landmark, box, bordering) {
  if (!landmark.whole) return box;
  const settled = blend(landmark.box, box, Math.max(1 / (landmark.seenWhole + 1), STEADY_SHARE));
  const grown = grownTo(landmark.box, box);
  return settled.map((edge, i) => (bordering[i] ? grown[i] : edge));
}

const atBorder = ([left, top, right, bottom], { width, height }) =>
  [left, top, width - right, height - bottom].map((gap) => gap < BORDER_PX);

const grownTo = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];

/** A part tells nothing of a cell known whole; of one that is not, it may show more than before. */
function grownBox(landmark, box) {
  return landmark.whole ? landmark.box : grownTo(landmark.box, box);
}

function meanSignature(known, seen) {
  return known ? blend(known, seen, 0.2) : seen;
}

/** The map's place is kept relative to the cell's middle, so that it moves with the steady box. */
function relativeMap(cell) {
  if (!cell.heatmap) return null;
  const { x, y } = centre(cell.box);
  return { ...cell.heatmap, box: moved(cell.heatmap.box, { x: -x, y: -y }) };
}

/** Return a landmark after a frame that should show it and does not. */
export function passedOver(landmark, { offset, frame }) {
  const box = moved(landmark.box, { x: -offset.x, y: -offset.y });
  const inside = { width: frame.width - 2 * WHOLE_MARGIN_PX, height: frame.height - 2 * WHOLE_MARGIN_PX };
  const whole = landmark.whole
    && visibleShare(moved(box, { x: -WHOLE_MARGIN_PX, y: -WHOLE_MARGIN_PX }), inside) >= 1;
  return {
    ...landmark, missed: landmark.missed + 1, missedWhole: landmark.missedWhole + (whole ? 1 : 0),
  };
}

/** Say whether a landmark is worth keeping: what the detector took for a cell once is not. */
export function holds(landmark) {
  if (landmark.missed < FORGOTTEN_AFTER) return true;
  return landmark.whole && landmark.seen >= COUNTS_AFTER_FRAMES && share(landmark) >= LEAST_SHARE;
}

/** Say whether a landmark counts as a cell. */
export function counts(landmark) {
  return landmark.seenWhole >= COUNTS_AFTER_FRAMES && share(landmark) >= COUNTS_SHARE;
}

/** Say whether to draw a landmark: not on one frame's word, and a little longer than it is seen. */
export function shows(landmark) {
  return landmark.seen >= SHOWN_AFTER_FRAMES && landmark.missed < HELD_FRAMES;
}

function share({ seenWhole, missedWhole }) {
  return seenWhole / Math.max(seenWhole + missedWhole, 1);
}

/** Return one landmark out of two of the same cell; the older one's id and place stay. */
export function merged(older, newer, types) {
  return {
    ...older,
    whole: older.whole || newer.whole,
    box: older.whole || !newer.whole ? older.box : newer.box,
    seen: older.seen + newer.seen,
    seenWhole: older.seenWhole + newer.seenWhole,
    missedWhole: older.missedWhole + newer.missedWhole,
    missed: Math.min(older.missed, newer.missed),
    naming: pooled(older.naming, newer.naming, types),
    signature: older.signature ?? newer.signature,
    heatmap: newer.heatmap ?? older.heatmap,
  };
}

/** A white cell's name and status out of many frames' answers. */
export const nameless = Object.freeze({ weight: 0, mean: null, name: null, statuses: {}, status: null });

/**
 * Return the naming after one more answer.
 *
 * `cell` has `probabilities` in the order of `types`, and `status`. The name shown changes only
 * when another type leads the mean by a margin, so it does not flip between two close ones.
 */
export function heard(naming, cell, types) {
  if (!cell.probabilities) return naming;
  const weight = Math.min(naming.weight + 1, MEMORY_FRAMES);
  const mean = naming.mean
    ? naming.mean.map((value, i) => value + (cell.probabilities[i] - value) / weight)
    : [...cell.probabilities];
  const best = types[mean.indexOf(Math.max(...mean))];
  const lead = naming.name ? mean[types.indexOf(best)] - mean[types.indexOf(naming.name)] : 1;
  const name = lead > NAME_MARGIN ? best : naming.name;
  const statuses = faded(naming.statuses, cell.status, weight);
  return { weight, mean, name, statuses, status: settled(naming.status, statuses) };
}

/** Return the mean probability of the name shown. */
export function confidence({ mean, name }, types) {
  return mean ? mean[types.indexOf(name)] : null;
}

function faded(shares, status, weight) {
  const names = new Set([...Object.keys(shares), status]);
  return Object.fromEntries([...names].map((name) => {
    const share = shares[name] ?? 0;
    return [name, share + ((name === status ? 1 : 0) - share) / weight];
  }));
}

function settled(status, shares) {
  const [[best, share]] = Object.entries(shares).sort((a, b) => b[1] - a[1]);
  return status === null || share - (shares[status] ?? 0) > STATUS_MARGIN ? best : status;
}

/** Return the mean of two observers' namings of one cell. */
export function pooled(a, b, types) {
  if (!a.mean || !b.mean) return a.mean ? a : b;
  const weight = a.weight + b.weight;
  const mean = a.mean.map((value, i) => (value * a.weight + b.mean[i] * b.weight) / weight);
  const larger = a.weight >= b.weight ? a : b;
  const name = types[mean.indexOf(Math.max(...mean))];
  return { ...larger, weight: Math.min(weight, MEMORY_FRAMES), mean, name };
}

/** Return the shown heatmap after one more: {values (bytes), width, height, box relative to the cell}. */
export function smoothMap(shown, next) {
  if (!next) return shown;
  if (!shown || shown.type !== next.type || shown.values.length !== next.values.length) return next;
  const values = shown.values.map((value, i) => value + (next.values[i] - value) * MAP_SHARE);
  return { ...next, values };
}
