/** The model against the readers: what a chart and a table show of the server's periods. Pure. */

import { cellsWords } from "./words.js";

export const ALL = "all";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** Percent: the axis begins at a multiple of this. */
const STEP = 10;

/** Return a period's name for people: "2026-11-25" is "25 Nov", "2026-11" "Nov 2026". */
export function periodWords(period) {
  const [year, month, day] = period.split("-");
  if (!month) return year;
  const name = MONTHS[Number(month) - 1];
  return day ? `${Number(day)} ${name}` : `${name} ${year}`;
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

/** Return the places at which another model begins, each being the index of its first point. */
export function modelChanges(points) {
  return points.flatMap((point, index) => (index && point.sha256 !== points[index - 1].sha256 ? [index] : []));
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
  return `${periodWords(period)}: ${percent.toFixed(1)}% (${low.toFixed(1)} to ${high.toFixed(1)}%) of ${cellsWords(decided)}`;
}

/** Return a difference in words: "12 of 140 called eosinophil are neutrophil to readers". */
export function differenceWords({ model, reader, count, of }, nameOf) {
  return `${count.toLocaleString("en-GB")} of ${of.toLocaleString("en-GB")} called ${nameOf(model)}: ${nameOf(reader)} to readers`;
}
