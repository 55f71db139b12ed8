import { ALL, coursesOf, differences, differenceWords, floorOf, modelChanges, periodWords, placesOf, pointsOf, pointWords, tableOf, ticksOf } from "/static/js/workbench/over-time.js";
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

const at = (...names) => names.map((name) => ({ period: name.slice(0, -1), sha256: name.at(-1) }));

test("a model is marked where it is first seen, and not when an older one's cells are decided late", () => {
  equal(modelChanges(pointsOf(PERIODS)), [1]);
  equal(modelChanges(at("2026-09b", "2026-10b", "2026-10a", "2026-11b", "2026-11a", "2026-12c")), [2, 5]);
  equal(modelChanges([]), []);
});

test("models of one period stand side by side", () => {
  const places = placesOf(at("2026-09b", "2026-10b", "2026-10a", "2026-12a"));
  equal(places.map(({ slot, beside }) => [slot, beside]), [[0, 0], [1, -0.5], [1, 0.5], [2, 0]]);
});

test("a line joins one model's periods and stops at a gap", () => {
  const courses = (...names) => coursesOf(at(...names)).map((course) => course.map(({ period, sha256 }) => period + sha256));
  equal(courses("2026-09b", "2026-10b", "2026-10a", "2026-11a"), [["2026-09b", "2026-10b"], ["2026-10a", "2026-11a"]]);
  equal(courses("2025-12a", "2026-01a", "2026-03a"), [["2025-12a", "2026-01a"], ["2026-03a"]]);
  equal(courses("2024-02-28a", "2024-02-29a", "2024-03-01a", "2024-03-03a"), [["2024-02-28a", "2024-02-29a", "2024-03-01a"], ["2024-03-03a"]]);
  equal(courses("2024a", "2025a", "2027a"), [["2024a", "2025a"], ["2027a"]]);
});

test("what the model said down, what readers decided across", () => {
  const table = tableOf(PERIODS, ALL, TYPES);
  equal([table.models, table.readers], [["neutrophil", "monocyte"], ["neutrophil", "monocyte", "blast"]]);
  equal([table.count("neutrophil", "neutrophil"), table.count("neutrophil", "blast"), table.total("neutrophil")], [6, 1, 8]);
  equal(tableOf(PERIODS, "2026-10", TYPES).readers, ["neutrophil", "monocyte"]);
  equal(differences(table).map(({ model, reader, count, of }) => [model, reader, count, of]), [["neutrophil", "monocyte", 1, 8], ["neutrophil", "blast", 1, 8]]);
  equal(differenceWords(differences(table)[0], (name) => name.toUpperCase()), "NEUTROPHIL called monocyte by readers: 1 of 8 (12.5%)");
});
