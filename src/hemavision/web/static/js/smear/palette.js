/**
 * Colours and lines of the boxes. Colour is never alone: a kind has its own shape and width of
 * line, a status its own dashes, and a white cell its name beside it. Pure.
 */

/** Ten hues that stay apart for people with red-green blindness, on a dark casing. */
export const TYPE_COLOURS = Object.freeze({
  neutrophil: "#79c3ff",
  eosinophil: "#ff9440",
  basophil: "#b48cff",
  lymphocyte: "#2fe0b2",
  monocyte: "#ffe65e",
  immature_granulocyte: "#ff9ad8",
  erythroblast: "#ff5f52",
  platelet: "#d9f7a6",
});
export const KIND_COLOURS = Object.freeze({ red_cell: "#ffd9d6", platelet: "#d9f7a6" });
/**
 * For classes of the laboratory's own, by their order: as far from the hues above and from each other as can
 * be, for people with green blindness too, and with a contrast of 3 on a dark ground and on a lit one.
 */
export const OWN_COLOURS = Object.freeze([
  "#187818", "#2448fc", "#b41884", "#e418fc", "#2484a8", "#b46018", "#fc309c",
  "#9024d8", "#7878fc", "#3c9c6c", "#a86c90", "#6c549c", "#e41848", "#845454",
]);
/** Neither lost on a dark ground nor on a lit one. */
const UNKNOWN = "#a294b8";
/** What lies under every line and label, so that any ground shows them. */
export const CASING = "#0b0713";

/** How sure the suggestion is, on every page; that a person has decided is another sign, a tick. */
const DASHES = Object.freeze({ confident: [], check: [9, 6], unfamiliar: [0.1, 6] });
const WIDTHS = Object.freeze({ white_cell: 2.5, red_cell: 1.6, platelet: 2 });
/** Radius of the box's corners, as a share of its shorter side: red cells are round. */
const CORNERS = Object.freeze({ white_cell: 0.07, red_cell: 0.42, platelet: 0 });

/** Return the colour of a white cell's type, whatever a model calls it. */
export function typeColour(cellType) {
  return TYPE_COLOURS[cellType] ?? UNKNOWN;
}

/** Return {class: colour} of those of a list, by name, that are no types of a model. */
export function ownColours(names) {
  const own = names.filter((name) => !(name in TYPE_COLOURS));
  return Object.fromEntries(own.map((name, index) => [name, OWN_COLOURS[index % OWN_COLOURS.length]]));
}

/** Return how a cell's box is drawn: {colour, dash, width, corner}. */
export function lineOf({ kind, prediction }) {
  return {
    colour: prediction ? typeColour(prediction.cell_type) : KIND_COLOURS[kind] ?? UNKNOWN,
    dash: DASHES[prediction?.status] ?? [],
    width: WIDTHS[kind] ?? WIDTHS.white_cell,
    corner: CORNERS[kind] ?? 0,
  };
}

/** Return the WCAG contrast of two "#rrggbb" colours, 1 to 21. */
export function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** Return a colour as it is drawn on a lit ground: as dark as a contrast of 3 with it takes, of the same hue. */
export function onLight(colour, ground = "#faf7fc") {
  let shown = colour;
  for (let share = 0.95; contrast(shown, ground) < 3; share -= 0.05) {
    shown = `#${[1, 3, 5].map((at) => Math.round(share * parseInt(colour.slice(at, at + 2), 16)).toString(16).padStart(2, "0")).join("")}`;
  }
  return shown;
}

function luminance(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
