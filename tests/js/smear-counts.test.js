import { betaCumulative, betaQuantile, countsOf, differentialRows, ratioOfCounts, summed } from "/static/js/smear/counts.js";
import { box, other, smear, white } from "./smear.fixture.js";
import { equal, near, test } from "./harness.js";

const reds = (count) => Array.from({ length: count }, (_, i) => other(100 + i, "red_cell", box(0, 0)));

test("a field's own counts are the server's, untouched", () => {
  const one = smear([white(0, box(0, 0)), ...reds(3)], { estimates: { white_per_1000_red: { value: 333, low: 1, high: 2 }, platelets_per_red: null } });
  const found = countsOf(one);
  equal(found.counts, { white_cell: 1, red_cell: 3, platelet: 0 });
  equal(found.estimates === one.estimates, true);
});

test("fields taken together are their sum, what was left out too", () => {
  const one = smear([white(0, box(0, 0)), white(1, box(0, 0), "monocyte", { cut: true }), ...reds(10)]);
  const two = smear([white(0, box(0, 0), "lymphocyte"), white(1, box(0, 0), "neutrophil", { status: "unfamiliar" }), other(2, "platelet", box(0, 0)), ...reds(6)]);
  const found = summed([one, two]);
  equal(found.counts, { white_cell: 4, red_cell: 16, platelet: 1 });
  equal(found.differential, { counted: 2, cell_types: { neutrophil: 1, monocyte: 0, lymphocyte: 1 }, left_out: { cut: 1, unfamiliar: 1 } });
  equal(found.estimates.white_per_1000_red.value, 250);
  equal(found.estimates.platelets_per_red.value, 1 / 16);
});

test("a warning that several fields give is told once, with their number", () => {
  const blurred = [{ code: "out-of-focus", message: "Out of focus." }];
  const dark = [...blurred, { code: "dark", message: "Too dark." }];
  const found = summed([smear([], { warnings: blurred }), smear([]), smear([], { warnings: dark })]);
  equal(found.warnings, [{ code: "out-of-focus", message: "Out of focus.", fields: 2 }, { code: "dark", message: "Too dark.", fields: 1 }]);
});

test("the differential's rows have the commonest type first and shares of the counted", () => {
  const rows = differentialRows({ counted: 4, cell_types: { monocyte: 1, neutrophil: 3, basophil: 0 } });
  equal(rows.map(({ name, share }) => [name, share]), [["neutrophil", 0.75], ["monocyte", 0.25], ["basophil", 0]]);
  equal(differentialRows({ counted: 0, cell_types: { neutrophil: 0 } })[0].share, 0);
});

test("a ratio's interval is Clopper and Pearson's, worked out by hand where that is possible", () => {
  // None of n: the upper end p solves (1 - p)^n = 0.025.
  const p = 1 - 0.025 ** (1 / 20);
  near(ratioOfCounts(0, 20).high, p / (1 - p), 1e-9);
  equal(ratioOfCounts(0, 20).low, 0);
  // One of one and one: I_x(1, 2) = 1 - (1 - x)², I_x(2, 1) = x².
  const low = 1 - Math.sqrt(0.975);
  const high = Math.sqrt(0.975);
  near(ratioOfCounts(1, 1).low, low / (1 - low), 1e-9);
  near(ratioOfCounts(1, 1).high, high / (1 - high), 1e-9);
  equal(ratioOfCounts(3, 0), null);
  near(ratioOfCounts(1, 18, 1000).value, 55.5555, 1e-3);
});

test("the incomplete beta agrees with its closed forms and its inverse with itself", () => {
  for (const x of [0.01, 0.2, 0.5, 0.83, 0.999]) {
    near(betaCumulative(x, 5, 1), x ** 5, 1e-12);
    near(betaCumulative(x, 1, 7), 1 - (1 - x) ** 7, 1e-12);
    near(betaCumulative(x, 30, 200) + betaCumulative(1 - x, 200, 30), 1, 1e-12);
  }
  for (const [a, b] of [[1, 19], [113, 1724], [3, 2]]) {
    for (const p of [0.025, 0.975]) near(betaCumulative(betaQuantile(p, a, b), a, b), p, 1e-9);
  }
});
