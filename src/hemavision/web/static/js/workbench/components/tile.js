/** One cell in the gallery: its picture, dotted until a person has decided, and a line of words. */

import { make, write } from "../../components/dom.js";
import { typeColour } from "../../smear/palette.js";
import { binOf, TO_READ, UNFAMILIAR } from "../cells.js";
import { captionWords, cellWords } from "../words.js";

const TONES = { [UNFAMILIAR]: "var(--eosin)", [TO_READ]: "var(--edge)" };

/** Return the colour of a bin. */
export function binColour(name) {
  return TONES[name] ?? typeColour(name);
}

/** Return the element of a cell. */
export function makeTile(cell) {
  const picture = make("img", { alt: "", decoding: "async", draggable: false });
  const element = make(
    "div", { className: "cell", tabIndex: -1 }, make("span", { className: "cell-picture" }, picture),
    make("span", { className: "cell-caption" }),
  );
  element.setAttribute("role", "option");
  element.dataset.cell = cell.id;
  return element;
}

/** Write into a tile what is known of its cell. */
export function fillTile(element, cell, types) {
  const bin = binOf(cell);
  element.dataset.decided = String(cell.decided_type !== null);
  element.dataset.status = cell.suggestion?.status ?? "unread";
  element.dataset.changed = String(
    cell.decided_type !== null && Boolean(cell.suggestion) && cell.decided_type !== cell.suggestion.cell_type);
  element.style.setProperty("--tone", binColour(bin));
  const words = cellWords(cell, types);
  element.setAttribute("aria-label", words);
  element.title = words;
  write(element.lastElementChild, captionWords(cell, types));
}

/** Show the heatmap in place of the picture, or the picture again. */
export function turnTile(element, address) {
  const picture = element.querySelector("img");
  if (picture.getAttribute("src") !== address) picture.src = address;
}
