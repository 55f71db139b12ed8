/** The model against the readers: what a chart and a table show of the server's periods. Pure. */

import { _, number, percentage, typeWords, whole } from "../words.js";
import { cellsWords } from "./words.js";

export const ALL = "all";
const MONTHS = [
  _("Jan"), _("Feb"), _("Mar"), _("Apr"), _("May"), _("Jun"), _("Jul"), _("Aug"), _("Sep"), _("Oct"), _("Nov"), _("Dec"),
];
/** Percent: the axis begins at a multiple of this. */
const STEP = 10;

/** Return a period's name for people: "2026-11-25" is "25 Nov", "2026-11" "Nov 2026". */
export function periodWords(period) {
  const [year, month, day] = period.split("-");
  if (!month) return year;
  const name = MONTHS[Number(month) - 1];
  return day ? _("{day} {month}", { day: Number(day), month: name }) : `${name} ${year}`;
}

/** Return the points of a chart, percent; periods without such a cell have none. */
export function pointsOf(periods, status = ALL) {
  return periods.flatMap((part) => {
    const found = status === ALL ? part : part.by_status[status];
    if (!found) return [];
    const { decided, agreed, interval: [low, high] } = found;
    return [{
      period: part.period, model: part.model_name, sha256: part.model_sha256, decided, agreed,
      percent: (100 * agreed) / decided, low: 100 * low, high: 100 * high,
    }];
  });
}

/** Return where the axis begins, percent: below everything that is drawn, and no lower than it must. */
export function floorOf(points) {
  const lowest = Math.min(100, ...points.map(({ low }) => low));
  return Math.max(0, Math.min(100 - 2 * STEP, Math.floor(lowest / STEP) * STEP));
}

/** Return the labels of the axis, percent, from its floor up to 100; about five of them. */
export function ticksOf(floor) {
  const step = 100 - floor > 5 * STEP ? 2 * STEP : STEP;
  const ticks = [];
  for (let tick = 100; tick >= floor; tick -= step) ticks.unshift(tick);
  return ticks;
}

/** Return the indices of the points at which a model is seen for the first time, but for the first one's. */
export function modelChanges(points) {
  const seen = new Set(points.slice(0, 1).map(({ sha256 }) => sha256));
  return points.flatMap(({ sha256 }, index) => (seen.has(sha256) ? [] : [seen.add(sha256) && index]));
}

/** Return the points with their places: `slot` counts periods, `beside` is how far off its middle, in points: models of one period stand side by side. */
export function placesOf(points) {
  const slots = Map.groupBy(points, ({ period }) => period);
  return [...slots.values()].flatMap((same, slot) => same.map((point, index) => ({ ...point, slot, beside: index - (same.length - 1) / 2 })));
}

/** Return what a line may join: points of one model in periods without a gap. */
export function coursesOf(points) {
  return [...Map.groupBy(points, ({ sha256 }) => sha256).values()].flatMap((own) => {
    const courses = [];
    own.forEach((point, index) => {
      if (index && ordinal(point.period) - ordinal(own[index - 1].period) === 1) courses.at(-1).push(point);
      else courses.push([point]);
    });
    return courses;
  });
}

/** Number the days, months or years. */
function ordinal(period) {
  const [year, month, day] = period.split("-").map(Number);
  if (day) return Date.UTC(year, month - 1, day) / 86_400_000;
  return month ? year * 12 + month : year;
}

/**
 * Return {models, readers, count(model, reader), total(model)} of the chosen period, or of all:
 * what the model said down, what readers decided across, both in the order of `types`.
 */
export function tableOf(periods, chosen, types) {
  const counts = new Map();
  for (const { period, confusion } of periods) {
    if (chosen !== ALL && period !== chosen) continue;
    for (const [reader, row] of Object.entries(confusion)) {
      for (const [model, count] of Object.entries(row)) {
        const mine = counts.get(model) ?? new Map();
        counts.set(model, mine.set(reader, (mine.get(reader) ?? 0) + count));
      }
    }
  }
  const order = (names) => [...new Set([...types.map(({ name }) => name), ...names])].filter((name) => names.includes(name));
  const models = order([...counts.keys()]);
  const readers = order([...counts.values()].flatMap((row) => [...row.keys()]));
  return {
    models, readers,
    count: (model, reader) => counts.get(model)?.get(reader) ?? 0,
    total: (model) => [...(counts.get(model)?.values() ?? [])].reduce((sum, count) => sum + count, 0),
  };
}

/** Return where readers differ from the model, the commonest first: {model, reader, count, of}. */
export function differences({ models, readers, count, total }) {
  const pairs = models.flatMap((model) => readers.filter((reader) => reader !== model).map((reader) => (
    { model, reader, count: count(model, reader), of: total(model) })));
  return pairs.filter((pair) => pair.count).sort((one, other) => other.count - one.count || (other.count / other.of) - (one.count / one.of));
}

/** Return a point in words: "Nov 2026: 93.1% (90.2 to 95.4%) of 412 cells". */
export function pointWords({ period, percent, low, high, decided }) {
  const values = { share: percentage(number(percent, 1)), low: number(low, 1), high: number(high, 1), cells: cellsWords(decided) };
  return `${periodWords(period)}: ${_("{share} ({low} to {high}%) of {cells}", values)}`;
}

/** Return a difference in words: "Eosinophil called neutrophil by readers: 12 of 140 (8.6%)". */
export function differenceWords({ model, reader, count, of }, nameOf) {
  const values = { model: nameOf(model), reader: typeWords(reader), count: whole(count), of: whole(of) };
  return _("{model} called {reader} by readers: {count} of {of} ({share})", { ...values, share: percentage(number((100 * count) / of, 1)) });
}
