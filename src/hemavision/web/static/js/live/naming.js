/** A white cell's name and status out of many frames' answers. Pure. */

const NAME_MARGIN = 0.1; // how much more probable another type must be on average to take over
const STATUS_MARGIN = 0.15;
const MEMORY_FRAMES = 40; // older answers fade: a first, blurred look must not count for ever
const MAP_SHARE = 0.35; // of a new heatmap in the shown one

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
