/** The stage: the camera's picture, and over it the newest frame that was read. */

import { role, write } from "../../components/dom.js";
import { isStale } from "../state.js";
import { paint } from "../painting.js";
import { cameraTrouble, serverTrouble } from "../words.js";
import { _, said } from "../../words.js";

/** `shown(picture, at)` is called when a frame has reached the screen. */
export function mountStage(element, shown) {
  const canvas = element.querySelector("canvas");
  const stage = { canvas, context: canvas.getContext("2d"), size: { width: 1, height: 1 }, slots: new Map() };
  let [state, due, told] = [null, false, null];

  const draw = () => {
    due = false;
    element.dataset.fresh = String(repaint(stage, state));
    const { picture } = state;
    if (!picture || picture === told) return;
    told = picture;
    // The next frame of the browser begins when this one is on the screen.
    requestAnimationFrame((at) => {
      element.dataset.taken = String(picture.capturedAt);
      shown(picture, at);
    });
  };
  const schedule = () => {
    if (due || !state) return;
    due = true;
    requestAnimationFrame(draw);
  };

  new ResizeObserver(([entry]) => {
    const { width, height } = entry.contentRect;
    const ratio = window.devicePixelRatio || 1;
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    stage.size = { width, height };
    schedule();
  }).observe(element);

  return function update(next) {
    state = next;
    element.dataset.phase = state.phase;
    element.dataset.frozen = String(state.frozen);
    element.dataset.away = String(state.server.away);
    updateMessages(element, state);
    schedule();
  };
}

/** Paint what there is and say whether it covers the camera's own picture. */
function repaint({ canvas, context, size, slots }, state) {
  const ratio = canvas.width / Math.max(size.width, 1);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  if (state.phase !== "running" || !state.picture) return false;
  // An old frame must not pass for what lies under the microscope: the video below shows instead.
  if (!state.frozen && (state.server.away || isStale(state, performance.now()))) return false;
  const next = paint(context, state, size, slots);
  slots.clear();
  for (const [id, slot] of next) slots.set(id, slot);
  return true;
}

function updateMessages(element, state) {
  const camera = state.trouble ? cameraTrouble(state.trouble) : null;
  role(element, "invitation").hidden = state.phase === "running";
  role(element, "camera-trouble").hidden = !camera;
  write(role(element, "camera-title"), camera?.title ?? "");
  write(role(element, "camera-detail"), camera?.detail ?? "");
  role(element, "start").disabled = state.phase === "asking";
  write(role(element, "start-words"), startWords(state.phase));
  const { away, problem, waitS } = state.server;
  const server = away && state.phase === "running" ? serverTrouble(problem, waitS) : null;
  role(element, "server-trouble").hidden = !server;
  write(role(element, "server-title"), server?.title ?? "");
  write(role(element, "server-detail"), server?.detail ?? "");
  role(element, "frozen").hidden = !state.frozen;
  const caution = state.phase === "running" && !away ? state.cautions.shown[0] : null;
  role(element, "caution").hidden = !caution;
  write(role(element, "caution-words"), said(caution?.message));
}

function startWords(phase) {
  if (phase === "asking") return _("Waiting for the camera…");
  return phase === "failed" ? _("Start again") : _("Start the camera");
}
