/** The model against the readers: a chart over time, and a table type by type. Says nothing. */

import { make, role, write } from "../../components/dom.js";
import { coursesOf, differences, differenceWords, floorOf, modelChanges, periodWords, placesOf, pointWords, ticksOf } from "../over-time.js";
import { binWords } from "../words.js";
import { _, number, percentage, whole } from "../../words.js";

const SVG = "http://www.w3.org/2000/svg";
/** In the drawing's own units; the drawing fills the page's width and keeps its height. */
const HEIGHT = 320;
const ROOM = { left: 46, top: 40, right: 36, bottom: 50 };
const LEAST_WIDTH = 320;
/** Least room for a period's name, for a period, and between two models' points in it. */
const LABEL = 72;
const SLOT = 18;
const BESIDE = 12;
/** Models' names stand in two rows by turns, and on the left of their mark where there is no room on the right. */
const NAME = { row: 14, width: 150 };
const MOST_DIFFERENCES = 5;

/** Agreement over time as points with whiskers; the same numbers stand in a table. Return show(points). */
export function mountTimeChart(element) {
  const holder = role(element, "chart");
  let points = [];
  const draw = () => {
    holder.replaceChildren(...(points.length ? [drawing(placesOf(points), holder.clientWidth)] : []));
    holder.scrollLeft = holder.scrollWidth; // the newest periods, where not all have room
  };
  new ResizeObserver(draw).observe(holder);
  return function show(found) {
    points = found;
    draw();
    write(role(element, "axis-words"), found.length && floorOf(found) ? _("The axis begins at {n}%.", { n: floorOf(found) }) : "");
    role(element, "chart-rows").replaceChildren(...found.map(makeRow));
  };
}

function makeRow(point) {
  const cells = [whole(point.decided), whole(point.agreed),
    percentage(number(point.percent, 1)), _("{low} to {high}%", { low: number(point.low, 1), high: number(point.high, 1) }), `${point.model} ${point.sha256.slice(0, 8)}`];
  return make("tr", {}, make("th", { scope: "row", textContent: periodWords(point.period) }),
    ...cells.map((textContent) => make("td", { textContent })));
}

function drawing(points, room) {
  const slots = Map.groupBy(points, ({ slot }) => slot);
  const width = Math.max(LEAST_WIDTH, room, ROOM.left + ROOM.right + SLOT * slots.size);
  const floor = floorOf(points);
  const inside = { width: width - ROOM.left - ROOM.right, height: HEIGHT - ROOM.top - ROOM.bottom };
  const down = (percent) => ROOM.top + inside.height * (1 - (percent - floor) / (100 - floor));
  const middle = (slot) => ROOM.left + (inside.width * (slot + 0.5)) / slots.size;
  const across = ({ slot, beside }) => middle(slot) + beside * BESIDE;
  return shape("svg", { width, height: HEIGHT, role: "img", "aria-label": points.map(pointWords).join("; ") },
    ...ticksOf(floor).flatMap((tick) => [
      shape("line", { class: "grid", x1: ROOM.left, x2: width - ROOM.right, y1: down(tick), y2: down(tick) }),
      text(percentage(tick), { x: ROOM.left - 10, y: down(tick) + 4, "text-anchor": "end" }),
    ]),
    ...modelChanges(points).flatMap((index, turn) => (
      modelMark((across(points[index - 1]) + across(points[index])) / 2, points[index], { turn, width }))),
    ...coursesOf(points).map((course) => shape("path", {
      class: "way", d: `M${course.map((point) => `${across(point)} ${down(point.percent)}`).join("L")}` })),
    ...points.flatMap((point) => [
      shape("path", { class: "whisker", d: whisker(across(point), down(point.low), down(point.high)) }),
      shape("circle", { class: "point", cx: across(point), cy: down(point.percent), r: 5 }, titled(pointWords(point))),
    ]),
    ...periodLabels(slots, middle, Math.ceil((LABEL * slots.size) / inside.width)));
}

function periodLabels(slots, middle, every) {
  return [...slots].filter(([slot]) => slot % every === 0).flatMap(([slot, points]) => {
    const decided = points.reduce((sum, point) => sum + point.decided, 0);
    return [
      text(periodWords(points[0].period), { x: middle(slot), y: HEIGHT - 26, "text-anchor": "middle" }),
      text(`n ${whole(decided)}`, { x: middle(slot), y: HEIGHT - 8, "text-anchor": "middle", class: "small" }),
    ];
  });
}

function whisker(x, low, high) {
  return `M${x} ${low}V${high}M${x - 5} ${low}h10M${x - 5} ${high}h10`;
}

function modelMark(x, { model, sha256 }, { turn, width }) {
  const left = x + NAME.width > width;
  const y = NAME.row * (1 + (turn % 2));
  return [
    shape("line", { class: "model-change", x1: x, x2: x, y1: y - 10, y2: HEIGHT - ROOM.bottom }),
    text(`${model} ${sha256.slice(0, 6)}`, { x: x + (left ? -6 : 6), y, "text-anchor": left ? "end" : "start", class: "small" }),
  ];
}

function shape(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function text(words, attributes) {
  const element = shape("text", attributes);
  element.textContent = words;
  return element;
}

function titled(words) {
  const element = shape("title", {});
  element.textContent = words;
  return element;
}

/** What the model said against what readers decided. Return show(table, types): `table` is `tableOf`'s. */
export function mountTypeTable(element) {
  return function show(table, types) {
    const name = (type) => binWords(type, types);
    const head = make("tr", {}, make("th", { scope: "col", textContent: _("The model said") }),
      ...table.readers.map((reader) => make("th", { scope: "col", textContent: name(reader) })), make("th", { scope: "col", textContent: _("Cells") }));
    role(element, "type-head").replaceChildren(head);
    role(element, "type-rows").replaceChildren(...table.models.map((model) => makeTypeRow(table, model, name)));
    const found = differences(table);
    role(element, "differences").replaceChildren(...found.slice(0, MOST_DIFFERENCES).map((pair) => make(
      "li", { textContent: differenceWords(pair, name) })));
    write(role(element, "differences-words"), found.length ? _("Readers most often changed:") : _("Readers changed nothing."));
  };
}

function makeTypeRow({ readers, count, total }, model, name) {
  const all = total(model);
  const cells = readers.map((reader) => {
    const here = count(model, reader);
    const cell = make("td", { textContent: here ? whole(here) : "·" });
    if (here) cell.append(make("small", { textContent: percentage(number((100 * here) / all, 0)) }));
    cell.dataset.kind = here ? (reader === model ? "same" : "other") : "none";
    cell.style.setProperty("--share", (here / all).toFixed(3));
    return cell;
  });
  return make("tr", {}, make("th", { scope: "row", textContent: name(model) }), ...cells, make("td", { textContent: whole(all) }));
}
