/** What the pointer or the keys are on, in a few lines beside the cell, never over it. */

import { make } from "../../components/dom.js";
import { place } from "../../viewport.js";
import { percent, statusWords, title } from "../../words.js";
import { placeBeside } from "../labels.js";
import { cellTitle, markWords } from "../words.js";

const MOST_TYPES = 3;
const CLEAR_PX = 9; // from the cell, and the bright frame around it

/** Return `move(scene)`, which shows the scene's lit cell, or hides the words without one. */
export function mountPeek(element) {
  let [shown, size] = [null, null];
  return function move({ lit, litLabel, cells, state, image, size: pane }) {
    const cell = lit && !(state.cardOpen && lit.id === state.cellId) ? lit : null;
    element.hidden = cell === null;
    if (!cell) {
      shown = null;
      return;
    }
    if (cell !== shown) {
      shown = cell;
      element.replaceChildren(...lines(cell));
      size = { width: element.offsetWidth, height: element.offsetHeight };
    }
    const at = place(state.view, image, pane);
    const named = cells.filter((other) => other.prediction && other !== cell);
    const others = named.map(({ id, kind, box }) => ({ id, kind, box: onScreen(box, at, 0) }));
    if (litLabel) others.push({ id: "label", kind: "label", box: litLabel });
    const { left, top } = placeBeside(onScreen(cell.box, at, CLEAR_PX), size, pane, others);
    element.style.setProperty("transform", `translate(${Math.round(left)}px, ${Math.round(top)}px)`);
  };
}

function onScreen({ left, top, right, bottom }, at, clear) {
  return {
    left: at.left + left * at.scale - clear, top: at.top + top * at.scale - clear,
    right: at.left + right * at.scale + clear, bottom: at.top + bottom * at.scale + clear,
  };
}

function lines(cell) {
  const { prediction } = cell;
  const marks = markWords(cell);
  const more = marks.length ? [make("p", { className: "peek-marks", textContent: marks.join(", ") })] : [];
  if (!prediction) {
    return [
      make("p", { className: "peek-title", textContent: cellTitle(cell) }),
      make("p", { className: "peek-quiet", textContent: `Detector's score ${cell.score.toFixed(2)}` }),
      ...more,
    ];
  }
  const status = make("p", { className: "peek-status", textContent: statusWords(prediction.status).word });
  status.dataset.status = prediction.status;
  const likeliest = Object.entries(prediction.probabilities).sort((a, b) => b[1] - a[1]).slice(0, MOST_TYPES);
  return [
    make("p", { className: "peek-title", textContent: cellTitle(cell) }), status,
    make("ul", { className: "peek-bars" }, ...likeliest.map(row)),
    ...more,
  ];
}

function row([name, probability]) {
  const bar = make("i");
  bar.style.setProperty("transform", `scaleX(${probability})`);
  return make(
    "li", {}, make("span", { textContent: title(name) }), make("span", { textContent: percent(probability) }),
    make("span", { className: "peek-bar" }, bar),
  );
}
