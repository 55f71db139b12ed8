import { contrast, CASING, KIND_COLOURS, lineOf, onLight, OWN_COLOURS, ownColours, TYPE_COLOURS, typeColour } from "/static/js/smear/palette.js";
import {
  cellAnnouncement, cellLine, countedWords, fieldAnnouncement, fieldLabel, fieldStatus, fieldWords, figure,
  labelWords, leftOutWords, ratioWords, warningWords,
} from "/static/js/smear/words.js";
import { box, other, smear, white } from "./smear.fixture.js";
import { equal, test } from "./harness.js";

const sure = white(0, box(0, 0), "immature_granulocyte", { confidence: 0.999 });
const unsure = white(1, box(0, 0), "monocyte", { confidence: 0.617, status: "check", cut: true });
const strange = white(2, box(0, 0), "lymphocyte", { status: "unfamiliar", novelty: 3 });
const red = other(3, "red_cell", box(0, 0), { clumped: true });

test("a label says the name and the doubt without colour, and never rounds up to certainty", () => {
  equal([sure, unsure, strange, red].map(labelWords), ["Immature granulocyte 99%", "Monocyte? 61%", "Lymphocyte? Unfamiliar", "Red cell"]);
});

test("a cell in one line says all that its drawing says", () => {
  equal(cellLine(unsure), "Monocyte 61.7%, check, cut by the border");
  equal(cellLine(red), "Red cell found with a score of 0.80, clumped");
  equal(cellAnnouncement(unsure, 2, 5), "Monocyte 61.7%, check, cut by the border. 2 of 5.");
});

test("a field's words, mark and announcement come from what was found in it", () => {
  const item = { name: "a.jpg", status: "done", answer: { smear: smear([sure, red], { warnings: [{ code: "x", message: "Out of focus" }] }) } };
  equal(fieldWords(item), "1 white · 1 red");
  equal(fieldStatus(item), "check");
  equal(fieldStatus({ answer: { smear: smear([sure]) } }), "confident");
  equal(fieldStatus({ answer: { smear: smear([sure, strange]) } }), "unfamiliar");
  equal(fieldAnnouncement(item), "a.jpg: 1 white cell, 1 red cell, 0 platelets. Out of focus");
  equal(fieldLabel(item), "a.jpg: 1 white cell, 1 red cell, 0 platelets");
  const failed = { name: "b.jpg", status: "failed", error: { title: "No image", detail: "It is text." } };
  equal(fieldAnnouncement(failed), "b.jpg: No image. It is text.");
  equal(fieldWords(failed), "No image");
});

test("numbers have two digits that count, and a ratio says its interval or why it has none", () => {
  equal([0, 0.0831, 1.24, 9.96, 66.4, 352, 1724].map(figure), ["0", "0.083", "1.2", "10.0", "66", "352", "1,724"]);
  equal(ratioWords({ value: 55.6, low: 1.3, high: 352 }), { value: "56", interval: "95% interval 1.3 to 352" });
  equal(ratioWords(null).interval, "no red cell to compare with");
});

test("what is left out says why, and nothing left out says nothing", () => {
  equal(leftOutWords({ cut: 1, unfamiliar: 2 }), "Left out: 1 white cell cut by the border, 2 white cells unlike any the model knows.");
  equal(leftOutWords({ cut: 0, unfamiliar: 0 }), "");
});

test("few cells are said to be few", () => {
  equal(/Too few/.test(countedWords(7)), true);
  equal(countedWords(1).startsWith("1 white cell counted."), true);
  equal(countedWords(100), "100 white cells counted.");
  equal(/No whole/.test(countedWords(0)), true);
  equal(warningWords({ message: "Dark.", fields: 2 }, 3), "Dark. (2 of 3 fields)");
  equal(warningWords({ message: "Dark." }, 1), "Dark.");
});

test("every colour stands out from the casing under it and from the ground of the page", () => {
  for (const colour of [...Object.values(TYPE_COLOURS), ...Object.values(KIND_COLOURS)]) {
    equal(contrast(colour, CASING) >= 4.5, true, colour);
  }
  equal(Math.round(contrast("#ffffff", "#000000")), 21);
});

/** Colours as deuteranopes see them (Machado et al. 2009, severity 1), then how far apart: Lab ΔE. */
function apart(one, other) {
  const lab = (colour) => {
    const [r, g, b] = [1, 3, 5].map((at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);
    const [R, G, B] = [
      0.367322 * r + 0.860646 * g - 0.227968 * b, 0.280085 * r + 0.672501 * g + 0.047413 * b, -0.01182 * r + 0.04294 * g + 0.968881 * b,
    ].map((value) => Math.min(Math.max(value, 0), 1));
    const [x, y, z] = [
      (0.4124 * R + 0.3576 * G + 0.1805 * B) / 0.9505, 0.2126 * R + 0.7152 * G + 0.0722 * B, (0.0193 * R + 0.1192 * G + 0.9505 * B) / 1.089,
    ].map((value) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116));
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  };
  return Math.hypot(...lab(one).map((value, i) => value - lab(other)[i]));
}

test("the five types of a usual differential stay apart for people with red-green blindness", () => {
  const usual = ["neutrophil", "eosinophil", "basophil", "lymphocyte", "monocyte"].map(typeColour);
  for (const one of usual) for (const another of usual) {
    if (one !== another) equal(apart(one, another) > 12, true, `${one} ${another} ${apart(one, another).toFixed(1)}`);
  }
});

test("classes of a laboratory's own have colours by their order, seen on both grounds", () => {
  const list = ["neutrophil", "band", "blast", "monocyte", "myelocyte"];
  equal(ownColours(list), { band: OWN_COLOURS[0], blast: OWN_COLOURS[1], myelocyte: OWN_COLOURS[2] });
  for (const one of OWN_COLOURS) for (const ground of [CASING, "#faf7fc"]) equal(contrast(one, ground) >= 3, true, `${one} ${ground}`);
  for (const one of Object.values(TYPE_COLOURS)) equal(contrast(onLight(one), "#faf7fc") >= 3, true, onLight(one));
  equal(onLight("#187818"), "#187818");
  equal(new Set([...OWN_COLOURS, ...Object.values(TYPE_COLOURS)]).size, 22);
});

test("kind and status have lines of their own, whatever the colour", () => {
  const lines = [sure, unsure, strange, red, other(4, "platelet", box(0, 0))].map(lineOf);
  const shapes = lines.map(({ dash, width, corner }) => JSON.stringify([dash, width, corner]));
  equal(new Set(shapes).size, 5);
  equal(typeColour("blast"), "#a294b8");
});

test("what a person decided keeps the line of its suggestion, and bears their word alone", () => {
  const done = { ...unsure, prediction: { ...unsure.prediction, cell_type: "blast", decided: true } };
  equal(lineOf(done).dash, lineOf(unsure).dash);
  equal([labelWords(done), labelWords({ ...strange, prediction: { ...strange.prediction, decided: true } })], ["Blast", "Lymphocyte"]);
});
