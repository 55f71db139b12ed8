/** What a field holds, or all fields together: counts, estimates, differential. Pure. */

import { KINDS } from "./cells.js";

const TAIL = 0.025;
const STEPS = 60; // of bisection: more than a double's precision

/** Return the counts of one field, as the server made them. */
export function countsOf(smear) {
  return {
    fields: 1,
    counts: smear.counts,
    differential: smear.differential,
    estimates: smear.estimates,
    warnings: smear.warnings,
  };
}

/** Return the counts of many fields taken together: the same numbers, summed. */
export function summed(smears) {
  const sum = (pick) => smears.reduce((total, smear) => total + pick(smear), 0);
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, sum((smear) => smear.counts[kind])]));
  const names = [...new Set(smears.flatMap(({ differential }) => Object.keys(differential.cell_types)))];
  const cellTypes = names.map((name) => [name, sum((smear) => smear.differential.cell_types[name] ?? 0)]);
  return {
    fields: smears.length,
    counts,
    differential: {
      counted: sum((smear) => smear.differential.counted),
      cell_types: Object.fromEntries(cellTypes),
      left_out: {
        cut: sum((smear) => smear.differential.left_out.cut),
        unfamiliar: sum((smear) => smear.differential.left_out.unfamiliar),
      },
    },
    estimates: {
      white_per_1000_red: ratioOfCounts(counts.white_cell, counts.red_cell, 1000),
      platelets_per_red: ratioOfCounts(counts.platelet, counts.red_cell),
    },
    warnings: gathered(smears),
  };
}

/** Return each kind of warning once, with in how many fields it came up. */
function gathered(smears) {
  const found = new Map();
  for (const { code, message } of smears.flatMap((smear) => smear.warnings)) {
    const { fields = 0 } = found.get(code) ?? {};
    found.set(code, { code, message: found.get(code)?.message ?? message, fields: fields + 1 });
  }
  return [...found.values()];
}

/** Return the differential's rows, the commonest type first: [{name, count, share}]. */
export function differentialRows({ counted, cell_types: cellTypes }) {
  return Object.entries(cellTypes)
    .map(([name, count]) => ({ name, count, share: counted ? count / counted : 0 }))
    .sort((a, b) => b.count - a.count);
}

/**
 * Return how many of one kind of cell there are for `per` of another, {value, low, high} with an exact
 * 95% interval, or null where `below` is 0: the same arithmetic as hemavision.differential.ratios, for
 * the fields of a strip taken together.
 */
export function ratioOfCounts(above, below, per = 1) {
  if (below === 0) return null;
  const low = above ? betaQuantile(TAIL, above, below + 1) : 0;
  const high = betaQuantile(1 - TAIL, above + 1, below);
  return { value: (per * above) / below, low: (per * low) / (1 - low), high: (per * high) / (1 - high) };
}

/** Return x with I_x(a, b) = p, by bisection. */
export function betaQuantile(p, a, b) {
  let [low, high] = [0, 1];
  for (let step = 0; step < STEPS; step += 1) {
    const x = (low + high) / 2;
    if (betaCumulative(x, a, b) < p) low = x;
    else high = x;
  }
  return (low + high) / 2;
}

/** Return the regularised incomplete beta I_x(a, b) (DLMF 8.17.22's continued fraction). */
export function betaCumulative(x, a, b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaCumulative(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return (front * fraction(x, a, b)) / a;
}

/** The continued fraction by Lentz's method. */
function fraction(x, a, b) {
  const tiny = 1e-300;
  const away = (value) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= 500; m += 1) {
    for (const term of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / away(1 + term * d);
      c = away(1 + term / c);
      value *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return value;
}

/** Stirling's series after shifting the argument above 12: 14 digits for x ≥ 1. */
function logGamma(x) {
  let [shift, z] = [0, x];
  for (; z < 12; z += 1) shift -= Math.log(z);
  const series = 1 / (12 * z) - 1 / (360 * z ** 3) + 1 / (1260 * z ** 5) - 1 / (1680 * z ** 7);
  return shift + (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series;
}
