/** What was seen of the cell: a line of words, and each attribute with its map at a click. */

import { selectedItem, shownType } from "../state.js";
import { argument, contradictionWords, percent, title } from "../words.js";
import { make, role, tell, write } from "./dom.js";

const MAPS_WORDS = " Choose one to see where it was read.";

/** Without `hasMaps` the attributes are read, not pressed: their maps did not come along. */
export function mountReasons(element, { hasMaps = true } = {}) {
  const list = role(element, "attributes");
  let shown = null;

  list.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    const pressed = button.getAttribute("aria-pressed") === "true";
    tell(element, "cell-type-chosen", { cellType: pressed ? null : button.dataset.map });
  });

  return function update(state) {
    const prediction = selectedItem(state)?.answer?.prediction ?? null;
    const reasons = prediction?.reasons ?? null;
    // What speaks for a type that should not be relied on is no reason.
    element.hidden = !reasons || prediction.status === "unfamiliar";
    if (element.hidden) return;
    if (reasons !== shown) {
      shown = reasons;
      fill(element, list, prediction, hasMaps);
    }
    for (const button of list.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.map === shownType(state)));
    }
  };
}

function fill(element, list, prediction, hasMaps) {
  const { reasons } = prediction;
  role(element, "seen").hidden = !reasons.seen;
  write(role(element, "seen"), title(reasons.seen));
  const contradiction = contradictionWords(prediction);
  role(element, "contradiction").hidden = !contradiction;
  write(role(element, "contradiction-words"), contradiction);
  write(role(element, "compared"), `${compared(prediction)}${hasMaps ? MAPS_WORDS : ""}`);
  list.replaceChildren(...reasons.attributes.map((reason) => row(reason, prediction, hasMaps)));
}

function compared({ cell_type: cellType, reasons }) {
  const words = (name) => name.replaceAll("_", " ");
  if (reasons.compared_with === null) return `The model was never taught the looks of this type (${words(cellType)}): take these as a guess.`;
  const [one, other] = [cellType, reasons.compared_with].map(words);
  return `Each attribute, and whether it speaks for ${one} or for ${other}, the next type whose looks it was taught.`;
}

function row(reason, prediction, hasMaps) {
  const { word, side } = argument(reason.weight, prediction);
  const card = make(
    hasMaps ? "button" : "div", { className: "attribute" },
    make("span", { className: "attribute-words", textContent: title(reason.words) }),
    make("span", { className: "attribute-share", textContent: percent(reason.probability) }),
    make("span", { className: "attribute-side", textContent: word }),
  );
  card.dataset.side = side;
  if (hasMaps) {
    card.type = "button";
    card.dataset.map = `${reason.attribute}=${reason.value}`;
  }
  return make("li", {}, card);
}
