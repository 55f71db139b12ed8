/** Wires the live page: frames go to the server, answers to the mosaic, the state to the parts. */

import { tell, write } from "../components/dom.js";
import { save } from "../saving.js";
import { createStore } from "../state.js";
import { CameraTrouble, createFeed, isAllowed, listCameras, openCamera } from "./camera.js";
import { census, snapshotJson } from "./census.js";
import { mountCaseName, mountDestination, mountKeys, mountPanel } from "./components/panel.js";
import { mountStage } from "./components/stage.js";
import { createDesk } from "./desk.js";
import { CASE } from "./filing.js";
import { readings, waitMs } from "./pacing.js";
import { initialState, mayAsk, reduce } from "./state.js";
import { countWords, savedWords, snapshotName } from "./words.js";

const TICK_MS = 500;
const SPOKEN_EVERY_MS = 5000;

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const video = document.querySelector("video");
const types = document.body.dataset.cellTypes.split(" ");
const store = createStore({ ...initialState, types }, reduce);
const desk = createDesk(store, mountCaseName(document.querySelector(".case-name")));
let feed = null;

async function start(id = null) {
  store.dispatch({ type: "asking" });
  try {
    stop();
    const stream = await openCamera(id);
    const [track] = stream.getVideoTracks();
    track.addEventListener("ended", () => store.dispatch({ type: "cameraFailed", trouble: "ended" }));
    video.srcObject = stream;
    await video.play();
    feed ??= createFeed(video, { mayGo, answered, failed });
    store.dispatch({ type: "started", cameras: await listCameras(), cameraId: track.getSettings().deviceId });
    feed.asked();
  } catch (error) {
    if (!(error instanceof CameraTrouble)) throw error;
    store.dispatch({ type: "cameraFailed", trouble: error.message });
  }
}

function stop() {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
}

const mayGo = (onTheirWay) => mayAsk(store.state, onTheirWay, performance.now());

function answered({ bitmap, capturedAt, answer, cells, glance }) {
  const picture = { bitmap, width: bitmap.width, height: bitmap.height, capturedAt, answer };
  store.dispatch({ type: "frameAnswered", picture, cells, glance });
  if (store.state.picture !== picture) bitmap.close(); // overtaken, or frozen meanwhile
}

function failed(problem) {
  const wait = waitMs(store.state.server.attempt + 1, Math.random());
  store.dispatch({ type: "serverFailed", problem, now: performance.now(), waitMs: wait });
  setTimeout(() => feed.asked(), wait + 1);
}

function shown(picture, at) {
  const sample = { shownAt: at, latencyMs: at - picture.capturedAt, serverMs: picture.answer.milliseconds };
  store.dispatch({ type: "frameShown", sample });
}

async function snapshot() {
  const { picture } = store.state;
  if (!picture) return;
  const [name, text] = [snapshotName(new Date()), snapshotJson(store.state, new Date())];
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d").drawImage(picture.bitmap, 0, 0);
  const png = await canvas.convertToBlob({ type: "image/png" });
  if (store.state.filing.destination === CASE) {
    await desk.file(png, `${name}.png`);
    return;
  }
  save(png, `${name}.png`);
  save(new Blob([text], { type: "application/json" }), `${name}.json`);
  write(part("announcer"), savedWords(name));
}

function listen() {
  const send = (name, type) => document.addEventListener(name, () => store.dispatch({ type, now: performance.now() }));
  send("freeze", "freezeToggled");
  send("heatmaps-wanted", "heatmapsToggled");
  send("others-wanted", "othersToggled");
  send("reset", "reset");
  document.addEventListener("freeze", () => feed?.asked());
  document.addEventListener("snapshot", snapshot);
  document.addEventListener("destination-chosen", ({ detail: { destination } }) => {
    store.dispatch({ type: "destinationChosen", destination });
    if (destination === CASE) desk.list();
  });
  document.addEventListener("case-chosen", ({ detail: { caseId } }) => store.dispatch({ type: "caseChosen", caseId }));
  document.addEventListener("start", () => start(store.state.cameraId));
  document.addEventListener("camera-chosen", ({ detail }) => start(detail.id));
  part("stage").querySelector("[data-role=start]").addEventListener("click", () => tell(document.body, "start"));
  navigator.mediaDevices?.addEventListener("devicechange", async () => {
    store.dispatch({ type: "camerasListed", cameras: await listCameras() });
  });
}

/** Numbers and words change twice a second, not with every frame: they are read by people. */
function mount() {
  const updateStage = mountStage(part("stage"), shown);
  const updatePanel = mountPanel(part("panel"));
  const updateDestination = mountDestination(part("destination"));
  updateDestination(store.state.filing);
  mountKeys(document.querySelector(".keys"));
  let [before, spoken, spokenAt] = [store.state, "", 0];
  store.subscribe((state, previous) => {
    if (previous.picture && previous.picture !== state.picture) previous.picture.bitmap.close();
    updateStage(state);
    if (quick(state) !== quick(previous)) tick();
    if (state.filing === previous.filing) return;
    updateDestination(state.filing);
    desk.remember();
  });
  function tick() {
    const [{ state }, now] = [store, performance.now()];
    const found = census(state.mosaic, state.types);
    updatePanel(state, before, { found, reading: readings(state.meter, now) });
    before = state;
    const words = countWords(found);
    if (words === spoken || now - spokenAt < SPOKEN_EVERY_MS) return;
    [spoken, spokenAt] = [words, now];
    if (found.white) write(part("announcer"), words);
  }
  setInterval(() => {
    store.dispatch({ type: "ticked", now: performance.now() });
    tick();
  }, TICK_MS);
  tick();
}

/** What the person has just changed and wants to see at once. */
const quick = ({ phase, frozen, heatmaps, others, undo, cameras }) =>
  [phase, frozen, heatmaps, others, undo !== null, cameras.length].join();

mount();
listen();
desk.restore();
if (!window.isSecureContext) store.dispatch({ type: "cameraFailed", trouble: "insecure" });
else isAllowed().then((allowed) => { if (allowed) start(); });
