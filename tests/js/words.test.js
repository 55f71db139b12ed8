import { advice, announcement, answerWords, argument, derivedName, duration, figures, isField, mapStrength, percent, problemWords, progressWords, range, shareWords, statusWords, title, tooLarge } from "/static/js/words.js";
import { equal, test } from "./harness.js";

test("a percentage never claims certainty that is not there", () => {
  equal([0.98642, 1, 0.99995, 0.0004, 0].map(percent), ["98.6%", ">99.9%", ">99.9%", "<0.1%", "<0.1%"]);
});

test("a share of what was counted is exact", () => equal([1, 0, 0.255].map(shareWords), ["100.0%", "0.0%", "25.5%"]));

test("durations", () => equal([0.2, 31.4, 1440].map(duration), ["1 ms", "31 ms", "1.4 s"]));

test("a heatmap of what is hardly believed is hardly seen", () => {
  const prediction = { probabilities: { a: 0.81, b: 0.09, c: 0 }, morphology: { look: { x: 0.2, y: 0.8 } } };
  equal(["a", "b", "c", "look=y"].map((name) => mapStrength(name, prediction)), [1, Math.sqrt(0.09 / 0.81), 0, 1]);
  equal(mapStrength("look=x", prediction), 0.5);
});

test("titles and ranges", () => {
  equal(title("immature_granulocyte"), "Immature granulocyte");
  equal(range([1, 4], "%"), "1–4%");
});

test("each status has a word and advice", () => {
  for (const status of ["confident", "check", "unfamiliar"]) {
    const { word, advice } = statusWords(status);
    equal(word.toLowerCase(), status);
    equal(advice.length > 10, true, status);
  }
});

test("advice says why it asks for a look", () => {
  const said = advice({ status: "check", looked_elsewhere: true, foreign_colours: true });
  equal(said.includes("outside the located cell") && said.includes("new to the model"), true);
  equal(advice({ status: "check", looked_elsewhere: false }), statusWords("check").advice);
});

test("what a look argues for, and that one never taught is a guess", () => {
  const prediction = { cell_type: "immature_granulocyte", reasons: { compared_with: "monocyte" } };
  equal([2, -2, 0.5].map((weight) => argument(weight, prediction).word), ["speaks for immature granulocyte", "speaks for monocyte", "says little either way"]);
  equal(argument(0, { ...prediction, reasons: { compared_with: null } }), { word: "a guess", side: "neither" });
});

test("progress in words", () => {
  equal(progressWords({ total: 3, done: 0, failed: 0, finished: 0 }), "Reading 3 images");
  equal(progressWords({ total: 1, done: 1, failed: 0, finished: 1 }), "1 image read");
  equal(progressWords({ total: 3, done: 1, failed: 1, finished: 2 }), "1 of 3 read, 1 could not be read");
});

test("announcements say which image, what it is and how sure", () => {
  const prediction = { cell_type: "monocyte", confidence: 0.71, status: "check" };
  equal(announcement({ name: "a.jpg", status: "done", answer: { prediction } }),
    "a.jpg: monocyte, 71.0%. Check. Not sure enough: a person should look.");
  equal(announcement({ name: "a.jpg", status: "failed", error: { title: "No", detail: "Because." } }), "a.jpg: No. Because.");
});

test("of what is unfamiliar no name is announced or copied", () => {
  const prediction = { cell_type: "monocyte", confidence: 0.71, status: "unfamiliar", reasons: { seen: "blue cytoplasm" }, model: { name: "m", sha256: "ab" } };
  equal(announcement({ name: "a.jpg", status: "done", answer: { prediction } }).includes("onocyte"), false);
  equal(answerWords("a.jpg", prediction, "For research.").split("\n"), [
    `a.jpg: Unfamiliar. ${statusWords("unfamiliar").advice}`, "Model m, SHA-256 ab.", "For research."]);
});

test("an answer in words has the name, the doubt, what was seen, the model and the notice", () => {
  const prediction = { cell_type: "monocyte", confidence: 0.71, status: "check", reasons: { seen: "blue cytoplasm" }, model: { name: "m", sha256: "ab" } };
  equal(answerWords("a.jpg", prediction, "For research."),
    `a.jpg: Monocyte, 71.0% (check). ${statusWords("check").advice}\nSeen: blue cytoplasm.\nModel m, SHA-256 ab.\nFor research.`);
});

test("a picture that its cell hardly fills is a field", () => {
  const box = { left: 10, top: 10, right: 90, bottom: 80 };
  equal([170, 240].map((height) => isField({ box, width: 640, height })), [false, true]);
});

test("a problem's own words win, and there are always some", () => {
  equal(problemWords({ title: "T", detail: "D" }, 422), { title: "T", detail: "D" });
  equal(problemWords(null, 502), { title: "This image could not be read", detail: "The server answered 502 without saying why." });
});

test("a file that the server would refuse is told before it travels", () => {
  equal(tooLarge(25 * 2 ** 20, 25), null);
  equal(tooLarge(26 * 2 ** 20, 25).detail, "It has 26.0 MB; the server takes up to 25 MB.");
});

test("derived names keep all but the last ending", () => equal(derivedName("a.b.jpg", "x.png"), "a.b-x.png"));

test("a model's figures come together, with their intervals, or it says that there are none", () => {
  const metrics = {
    seed: { accuracy: 0.991 },
    "unseen-cells": { accuracy: 0.93, intervals: { accuracy: [0.871, 0.972] } },
  };
  equal(figures({ name: "m", metrics }),
    "Model m. seed: 99.1% of images right; unseen-cells: 93.0% (87.1% to 97.2%) of images right.");
  equal(figures({ name: "m", metrics: {} }), "Model m. Its file carries no figures.");
});

test("laboratories never seen come first and together, however high the figures at home", () => {
  const metrics = {
    "lab-out:a, by lab-out-a": { accuracy: 0.75 },
    "lab-out:b, by lab-out-b": { accuracy: 0.869 },
    pbc: { accuracy: 0.97 },
  };
  equal(figures({ name: "m", metrics }),
    "Model m. 2 laboratories never seen, each by a network taught without it: 75.0% to 86.9% of images right; "
    + "pbc: 97.0% of images right.");
});
