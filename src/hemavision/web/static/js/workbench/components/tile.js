/** One cell in the gallery: its picture, dotted until a person has decided, and a line of words. */

import { make, write } from "../../components/dom.js";
import { typeColour } from "../../smear/palette.js";
import { binOf, TO_READ, UNFAMILIAR } from "../cells.js";
import { captionWords, cellWords } from "../words.js";

/** So many times as wide as the cell is what a tile shows. */
const CLOSE = 1.5;
const TONES = { [UNFAMILIAR]: "var(--eosin)", [TO_READ]: "var(--edge)" };

/** Return the colour of a bin. */
export function binColour(name) {
  return TONES[name] ?? typeColour(name);
}

/** Return the element of a cell; `cutout(id)` is the address of its picture, `inField` whether it was cut out. */
export function makeTile(cell, cutout, inField) {
  const picture = make("img", {
    src: cutout(cell.id), alt: "", decoding: "async", draggable: false,
  });
  const element = make(
    "div", { className: "cell", tabIndex: -1 },
    make("span", { className: "cell-picture" }, make("span", {}, picture)),
    make("span", { className: "cell-caption" }),
  );
  if (inField) {
    picture.addEventListener("load", () => {
      const { scale, x, y } = closeUp(cell.box, { width: picture.naturalWidth, height: picture.naturalHeight });
      picture.style.setProperty("transform", `translate(${100 * x}%, ${100 * y}%) scale(${scale})`);
    });
  }
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

/**
 * Bring the cell close in a cut-out of a field, which shows its surroundings too: return
 * {scale, x, y}, the picture's factor and shift in shares of the tile.
 *
 * @param box around the cell, in pixels of the field
 * @param cutout {width, height} in the same pixels: a square around the cell, clipped by the
 *     field's edges
 */
export function closeUp(box, { width, height }) {
  const side = Math.max(width, height);
  const shorter = Math.min(width, height);
  const reach = CLOSE * Math.max(box.right - box.left, box.bottom - box.top);
  const scale = Math.max(1, shorter / reach);
  const along = (low, high, length) => {
    const middle = (low + high) / 2;
    const start = Math.max(0, middle - side / 2);
    // The tile covers itself with the picture: the longer side loses both ends.
    const share = (middle - start - (length - shorter) / 2) / shorter;
    return Math.min(0, Math.max(1 - scale, 0.5 - scale * share));
  };
  return { scale, x: along(box.left, box.right, width), y: along(box.top, box.bottom, height) };
}

/** Show the heatmap in place of the picture, or the picture again. */
export function turnTile(element, address) {
  const picture = element.querySelector("img");
  if (picture.getAttribute("src") !== address) picture.src = address;
}
