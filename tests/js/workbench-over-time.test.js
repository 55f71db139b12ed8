import { ALL, differences, differenceWords, floorOf, modelChanges, periodWords, pointsOf, pointWords, tableOf, ticksOf } from "/static/js/workbench/over-time.js";
import { equal, test } from "./harness.js";

const share = (agreed, decided, low, high) => ({ agreed, decided, interval: [low, high] });
const PERIODS = [
  {
    period: "2026-10", model_name: "eight-types", model_sha256: "a".repeat(64), ...share(9, 10, 0.55, 0.99),
    by_status: { confident: share(9, 9, 0.66, 1), check: share(0, 1, 0, 0.98) },
    confusion: { monocyte: { monocyte: 5, neutrophil: 1 }, neutrophil: { neutrophil: 4 } },
  },
  {
    period: "2026-11", model_name: "eight-types", model_sha256: "b".repeat(64), ...share(3, 3, 0.29, 1),
    by_status: { confident: share(3, 3, 0.29, 1) }, confusion: { blast: { neutrophil: 1 }, neutrophil: { neutrophil: 2 } },
  },
];
const TYPES = [{ name: "neutrophil" }, { name: "monocyte" }];

test("periods as people say them", () => {
  equal(["2026", "2026-11", "2026-11-05"].map(periodWords), ["2026", "Nov 2026", "5 Nov"]);
});

test("a period without such a cell has no point", () => {
  equal(pointsOf(PERIODS).map(({ percent, low }) => [percent, low]), [[90, 55.00000000000001], [100, 28.999999999999996]]);
  equal(pointsOf(PERIODS, "check").map(({ period }) => period), ["2026-10"]);
  equal(pointsOf(PERIODS, "unfamiliar"), []);
  equal(pointWords(pointsOf(PERIODS)[0]), "Oct 2026: 90.0% (55.0 to 99.0%) of 10 cells");
});

test("the axis begins below what is drawn and shows at least a fifth", () => {
  equal([[], [{ low: 97 }], [{ low: 63 }, { low: 91 }], [{ low: 0 }]].map(floorOf), [80, 80, 60, 0]);
  equal([ticksOf(80), ticksOf(0)], [[80, 90, 100], [0, 20, 40, 60, 80, 100]]);
});

test("another model begins where its file is another", () => {
  equal(modelChanges(pointsOf(PERIODS)), [1]);
});

test("what the model said down, what readers decided across", () => {
  const table = tableOf(PERIODS, ALL, TYPES);
  equal([table.models, table.readers], [["neutrophil", "monocyte"], ["neutrophil", "monocyte", "blast"]]);
  equal([table.count("neutrophil", "neutrophil"), table.count("neutrophil", "blast"), table.total("neutrophil")], [6, 1, 8]);
  equal(tableOf(PERIODS, "2026-10", TYPES).readers, ["neutrophil", "monocyte"]);
  equal(differences(table).map(({ model, reader, count, of }) => [model, reader, count, of]), [["neutrophil", "monocyte", 1, 8], ["neutrophil", "blast", 1, 8]]);
  equal(differenceWords(differences(table)[0], (name) => name), "1 of 8 called neutrophil: monocyte to readers");
});
