/** What a field holds, or all fields together: counts, estimates, differential. Pure. */

import { KINDS } from "./cells.js";
import { ratioOfCounts } from "./ratio.js";

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
