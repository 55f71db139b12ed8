/** What the live page knows, in one place, and the only function that changes it. Pure. */

import { filingHandlers, nothingFiled } from "./filing.js";
import { advance, emptyMosaic } from "./mosaic.js";
import { emptyMeter, framesAtOnce, GLASS_TO_GLASS_MS, isNewer, measured, readings } from "./pacing.js";

const UNDO_MS = 8000;
const STEADY_FRAMES = 6;
const answering = Object.freeze({ away: false, attempt: 0, retryAt: 0, waitS: 0, problem: null });

export const noCautions = Object.freeze({ runs: {}, shown: [] });

export const initialState = Object.freeze({
  types: [],
  phase: "idle", // → asking → running, or failed
  trouble: null, // of the camera: a name that words.js knows
  cameras: [], // {id, label}
  cameraId: null,
  frozen: false,
  heatmaps: true,
  others: true, // boxes of red cells and platelets
  server: answering,
  atOnce: 2, // frames that may be on their way
  mosaic: emptyMosaic,
  undo: null, // {mosaic, until}: what a reset threw away, for a while
  picture: null, // {bitmap, width, height, capturedAt, answer}: the newest frame that was answered
  cautions: noCautions,
  meter: emptyMeter,
  filing: nothingFiled,
});

const handlers = {
  asking: (state) => ({ ...state, phase: "asking", trouble: null }),
  started: (state, { cameras, cameraId }) => ({
    ...state, phase: "running", trouble: null, cameras, cameraId, frozen: false, meter: emptyMeter, server: answering,
  }),
  cameraFailed: (state, { trouble }) => ({ ...state, phase: "failed", trouble, frozen: false, picture: null }),
  camerasListed: (state, { cameras }) => ({ ...state, cameras }),
  frameAnswered(state, { picture, cells, glance = null }) {
    const { width, height, capturedAt, answer } = picture;
    if (state.frozen || state.phase !== "running") return state;
    if (!isNewer(capturedAt, state.picture?.capturedAt ?? null)) return state;
    const types = sameNames(state.types, answer.cell_types) ? state.types : answer.cell_types;
    // Another model names other types: its answers cannot be averaged with those before.
    const known = types === state.types ? state.mosaic : emptyMosaic;
    const mosaic = advance(known, { cells, width, height, at: capturedAt, types, glance });
    const cautions = cautioned(state.cautions, answer.warnings);
    return { ...state, types, picture, mosaic, cautions, server: answering };
  },
  frameShown(state, { sample }) {
    const meter = measured(state.meter, sample);
    const { latencyMs } = readings(meter, sample.shownAt);
    return { ...state, meter, atOnce: framesAtOnce(latencyMs, state.atOnce) };
  },
  serverFailed: (state, { problem, now, waitMs }) => ({
    ...state,
    meter: emptyMeter,
    server: {
      away: true, attempt: state.server.attempt + 1, retryAt: now + waitMs, waitS: Math.ceil(waitMs / 1000), problem,
    },
  }),
  freezeToggled: (state) => (state.phase === "running" && state.picture ? { ...state, frozen: !state.frozen } : state),
  heatmapsToggled: (state) => ({ ...state, heatmaps: !state.heatmaps }),
  othersToggled: (state) => ({ ...state, others: !state.others }),
  reset(state, { now }) {
    if (state.undo) return { ...state, mosaic: state.undo.mosaic, undo: null };
    return { ...state, mosaic: emptyMosaic, undo: { mosaic: state.mosaic, until: now + UNDO_MS } };
  },
  ticked(state, { now }) {
    const { server, undo } = state;
    const waitS = server.away ? Math.max(Math.ceil((server.retryAt - now) / 1000), 0) : 0;
    return {
      ...state,
      undo: undo && now > undo.until ? null : undo,
      server: waitS === server.waitS ? server : { ...server, waitS },
    };
  },
};

/** Return the state after an action `{type, ...}`; an unknown type is a programming error. */
export function reduce(state, action) {
  const filing = filingHandlers[action.type];
  if (filing) return { ...state, filing: filing(state.filing, action) };
  const handler = handlers[action.type];
  if (!handler) throw new Error(`Unknown action ${action.type}`);
  return handler(state, action);
}

/** Say whether one more frame may go to the server. */
export function mayAsk({ phase, frozen, server, atOnce }, onTheirWay, now) {
  if (phase !== "running" || frozen) return false;
  return server.away ? onTheirWay === 0 && now >= server.retryAt : onTheirWay < atOnce;
}

/** Say whether the shown frame is too old to pass for what is under the microscope now. */
export function isStale(state, now) {
  return state.picture === null || now - state.picture.capturedAt > 4 * GLASS_TO_GLASS_MS;
}

function sameNames(a, b) {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

/**
 * Return {runs, shown} after a frame's warnings [{code, message}]; `shown` are those to say, steadily:
 * one odd frame shows nothing and hides nothing.
 */
export function cautioned({ runs, shown }, warnings) {
  const now = new Map(warnings.map((warning) => [warning.code, warning]));
  const next = {};
  for (const code of new Set([...Object.keys(runs), ...now.keys()])) {
    const run = (runs[code] ?? 0) + (now.has(code) ? 1 : -1);
    if (run > 0) next[code] = Math.min(run, 2 * STEADY_FRAMES);
  }
  const kept = shown.filter(({ code }) => next[code]);
  const fresh = warnings.filter(({ code }) => next[code] >= STEADY_FRAMES && !kept.some((old) => old.code === code));
  return { runs: next, shown: fresh.length || kept.length < shown.length ? [...kept, ...fresh] : shown };
}
