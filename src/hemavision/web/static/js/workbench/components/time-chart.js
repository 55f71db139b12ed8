/** Agreement over time as points with whiskers; the same numbers stand in a table. Says nothing. */

import { make, role, write } from "../../components/dom.js";
import { floorOf, modelChanges, periodWords, pointWords, ticksOf } from "../over-time.js";

const SVG = "http://www.w3.org/2000/svg";
/** In the drawing's own units; the drawing fills the page's width and keeps its height. */
const HEIGHT = 320;
const ROOM = { left: 46, top: 26, right: 14, bottom: 50 };
const LEAST_WIDTH = 320;
/** Least room for a period's name. */
const LABEL = 64;

export function mountTimeChart(element) {
  const holder = role(element, "chart");
  let points = [];
  const draw = () => holder.replaceChildren(...(points.length ? [drawing(points, Math.max(LEAST_WIDTH, holder.clientWidth))] : []));
  new ResizeObserver(draw).observe(holder);
  return function show(found) {
    points = found;
    draw();
    write(role(element, "axis-words"), found.length && floorOf(found) ? `The axis begins at ${floorOf(found)}%.` : "");
    role(element, "chart-rows").replaceChildren(...found.map(makeRow));
  };
}

function makeRow(point) {
  const cells = [point.decided.toLocaleString("en-GB"), point.agreed.toLocaleString("en-GB"),
    `${point.percent.toFixed(1)}%`, `${point.low.toFixed(1)} to ${point.high.toFixed(1)}%`, `${point.model} ${point.sha256.slice(0, 8)}`];
  return make("tr", {}, make("th", { scope: "row", textContent: periodWords(point.period) }),
    ...cells.map((textContent) => make("td", { textContent })));
}

function drawing(points, width) {
  const floor = floorOf(points);
  const inside = { width: width - ROOM.left - ROOM.right, height: HEIGHT - ROOM.top - ROOM.bottom };
  const down = (percent) => ROOM.top + inside.height * (1 - (percent - floor) / (100 - floor));
  const across = (index) => ROOM.left + (inside.width * (index + 0.5)) / points.length;
  const every = Math.max(1, Math.ceil((LABEL * points.length) / inside.width));
  const changes = modelChanges(points);
  return shape("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": points.map(pointWords).join("; ") },
    ...ticksOf(floor).flatMap((tick) => [
      shape("line", { class: "grid", x1: ROOM.left, x2: width - ROOM.right, y1: down(tick), y2: down(tick) }),
      text(`${tick}%`, { x: ROOM.left - 10, y: down(tick) + 4, "text-anchor": "end" }),
    ]),
    ...changes.flatMap((index) => modelMark((across(index - 1) + across(index)) / 2, points[index])),
    shape("path", { class: "way", d: way(points, across, down) }),
    ...points.flatMap((point, index) => [
      shape("path", { class: "whisker", d: whisker(across(index), down(point.low), down(point.high)) }),
      shape("circle", { class: "point", cx: across(index), cy: down(point.percent), r: 5 }, titled(pointWords(point))),
      ...(index % every ? [] : [
        text(periodWords(point.period), { x: across(index), y: HEIGHT - 26, "text-anchor": "middle" }),
        text(`n ${point.decided.toLocaleString("en-GB")}`, { x: across(index), y: HEIGHT - 8, "text-anchor": "middle", class: "small" }),
      ]),
    ]));
}

/** The line ends where the model changes: two models' figures are no course of one. */
function way(points, across, down) {
  return points.map((point, index) => {
    const begins = index === 0 || point.sha256 !== points[index - 1].sha256;
    return `${begins ? "M" : "L"}${across(index)} ${down(point.percent)}`;
  }).join("");
}

function whisker(x, low, high) {
  return `M${x} ${low}V${high}M${x - 5} ${low}h10M${x - 5} ${high}h10`;
}

function modelMark(x, { model, sha256 }) {
  return [
    shape("line", { class: "model-change", x1: x, x2: x, y1: ROOM.top - 8, y2: HEIGHT - ROOM.bottom }),
    text(`${model} ${sha256.slice(0, 6)}`, { x, y: ROOM.top - 12, "text-anchor": "middle", class: "small" }),
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
