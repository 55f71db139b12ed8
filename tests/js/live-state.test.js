import { cautioned, initialState, isStale, mayAsk, noCautions, reduce } from "/static/js/live/state.js";
import { snapshotJson } from "/static/js/live/census.js";
import {
  cameraName, cameraTrouble, checkWords, countWords, labelWords, othersWords, rateWords, serverTrouble, snapshotName,
} from "/static/js/live/words.js";
import { equal, near, test, throws } from "./harness.js";
import { cameraOver, smear } from "./panning.js";

const TYPES = ["eosinophil", "lymphocyte", "neutrophil"];
const world = smear({ width: 1200, height: 700, white: 4, red: 26, seed: 3 });
const camera = cameraOver(world, { missing: 0, false_: 0 });
const apply = (state, ...actions) => actions.reduce(reduce, state);
const started = { type: "started", cameras: [{ id: "a", label: "Scope" }], cameraId: "a" };
const running = apply({ ...initialState, types: TYPES }, { type: "asking" }, started);

function frame(capturedAt, types = TYPES) {
  const { cells } = camera(100, 100, capturedAt);
  const answer = { cell_types: types, model: { name: "m" }, detector: { name: "d" }, warnings: [], milliseconds: {} };
  return { type: "frameAnswered", picture: { width: 640, height: 480, capturedAt, answer }, cells };
}

const counted = apply(running, ...[100, 180, 260, 340, 420].map((at) => frame(at)));

test("frames change the picture and the count, but not while frozen", () => {
  equal(counted.picture.capturedAt, 420);
  const frozen = reduce(counted, { type: "freezeToggled" });
  equal(reduce(frozen, frame(500)), frozen);
  equal(reduce(reduce(frozen, { type: "freezeToggled" }), frame(500)).picture.capturedAt, 500);
});

test("an answer that another one has overtaken changes nothing", () => {
  equal(reduce(counted, frame(300)), counted);
});

test("nothing can be frozen before there is a picture", () => {
  equal(reduce(running, { type: "freezeToggled" }).frozen, false);
});

test("a reset can be undone for a while, and not for ever", () => {
  const reset = reduce(counted, { type: "reset", now: 1000 });
  equal(reset.mosaic.landmarks.length, 0);
  equal(reduce(reset, { type: "reset", now: 2000 }).mosaic, counted.mosaic);
  const later = reduce(reset, { type: "ticked", now: 1000 + 60_000 });
  equal(later.undo, null);
});

test("while the server is away one frame at a time asks for it, each later than the last", () => {
  equal(mayAsk(running, 1, 0), true);
  equal(mayAsk(running, 2, 0), false);
  const away = reduce(counted, { type: "serverFailed", problem: null, now: 1000, waitMs: 250 });
  equal([mayAsk(away, 0, 1100), mayAsk(away, 0, 1251), mayAsk(away, 1, 1251)], [false, true, false]);
  equal(away.mosaic, counted.mosaic, "the count");
  equal(reduce(away, { type: "serverFailed", problem: null, now: 1300, waitMs: 500 }).server.attempt, 2);
  equal(reduce(away, frame(2000)).server.away, false);
});

test("no frame goes while frozen or without a camera", () => {
  equal(mayAsk(reduce(counted, { type: "freezeToggled" }), 0, 0), false);
  equal(mayAsk(reduce(counted, { type: "cameraFailed", trouble: "ended" }), 0, 0), false);
  equal(reduce(counted, { type: "cameraFailed", trouble: "ended" }).mosaic, counted.mosaic, "the count");
});

test("a server that comes back with another model starts the count anew", () => {
  const other = reduce(counted, frame(900, ["blast", "lymphocyte", "neutrophil"]));
  equal(other.types, ["blast", "lymphocyte", "neutrophil"]);
  equal(other.mosaic.frames, 1);
});

test("a slow answer is not shown as what lies under the microscope now", () => {
  equal([isStale(counted, 430), isStale(counted, 5000), isStale(running, 0)], [false, true, true]);
});

test("slow frames go one at a time and the meter says so", () => {
  const sample = (shownAt) => ({ type: "frameShown", sample: { shownAt, latencyMs: 400, serverMs: { detect: 300 } } });
  equal(apply(counted, sample(1000), sample(1500), sample(2000)).atOnce, 1);
});

test("an unknown action is a mistake", () => {
  throws(() => reduce(running, { type: "nonsense" }), /Unknown action/);
});

test("a snapshot's file has the frame, the differential and the notice", () => {
  const file = JSON.parse(snapshotJson(counted, new Date("2026-01-31T14:05:09Z")));
  equal(file.taken, "2026-01-31T14:05:09.000Z");
  equal(file.camera, "Scope");
  equal(file.notice, "For research use only. Not for use in diagnostic procedures.");
  equal(file.frame.cells.filter((cell) => cell.white_cell).length > 0, true);
  equal(file.differential.white, file.white_cells.length);
  for (const { probabilities } of file.white_cells) {
    near(Object.values(probabilities).reduce((sum, p) => sum + p, 0), 1, 1e-6);
  }
});

test("every trouble with a camera says what to do", () => {
  for (const name of ["insecure", "unsupported", "ended", "NotAllowedError", "NotFoundError", "NotReadableError", "OverconstrainedError", "SomethingElse"]) {
    const { title, detail } = cameraTrouble(name);
    if (title.length < 8 || detail.length < 15) throw new Error(`${name}: ${title} ${detail}`);
  }
  if (!/localhost/.test(cameraTrouble("insecure").detail)) throw new Error("no way out");
});

test("a server that is away and one that complains are told apart", () => {
  const silent = serverTrouble(null, 2);
  equal(silent.title, "The server does not answer");
  equal(silent.detail, "The camera goes on and the count is kept. Trying again in 2 s.");
  equal(serverTrouble({ status: 503, title: "No detector", detail: "Set one." }, 0).detail, "Set one. Trying again now.");
});

test("numbers and names in words", () => {
  equal([rateWords(null), rateWords(12.44)], ["–", "12.4"]);
  equal(labelWords("immature_granulocyte", 0.973, "confident"), "Immature granulocyte 97%");
  equal([labelWords(null, null, null), labelWords("monocyte", 0.9, "unfamiliar")], ["White cell", "Unfamiliar"]);
  equal(countWords({ white: 1, unfamiliar: 0, types: [{ name: "monocyte", count: 1 }] }), "1 white cell: 1 monocyte.");
  equal(othersWords({ red: 1234, platelets: 1 }), "1,234 red cells and 1 platelet passed by, each counted once.");
  equal(checkWords({ white: 4, check: 1, unfamiliar: 0 }), "1 to check.");
  equal([cameraName("USB Camera (0c45:6366)", 0), cameraName("", 1)], ["USB Camera", "Camera 2"]);
  equal(snapshotName(new Date(2026, 0, 31, 14, 5, 9)), "hemavision-live-2026-01-31-14-05-09");
});

test("a warning is said once it is steady and goes when it has been away as long", () => {
  const blurred = { code: "out-of-focus", message: "Focus again." };
  let cautions = noCautions;
  const frames = (count, warnings) => { for (let i = 0; i < count; i += 1) cautions = cautioned(cautions, warnings); };
  frames(5, [blurred]);
  equal(cautions.shown, []);
  frames(1, [blurred]);
  equal(cautions.shown, [blurred]);
  const said = cautions.shown;
  frames(3, []);
  frames(2, [{ ...blurred, message: "Focus again, please." }]);
  equal(cautions.shown === said, true, "the words stay");
  frames(20, []);
  equal(cautions.shown, []);
});

test("a warning that comes and goes is not said", () => {
  let cautions = noCautions;
  for (let i = 0; i < 40; i += 1) cautions = cautioned(cautions, i % 2 ? [{ code: "x", message: "y" }] : []);
  equal(cautions.shown, []);
});
