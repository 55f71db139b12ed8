/** How many frames are on their way, how fast they come, when to ask again a server that went away. Pure. */

import { median } from "./registration.js";

export const GLASS_TO_GLASS_MS = 250;
const EASY_SHARE = 0.8; // of that, up to which a second frame may be on its way
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4000;
const JITTER = 0.2; // so that many pages do not ask a restarted server all at once
const WINDOW_MS = 3000;

/**
 * Return how many frames may be on their way at once.
 *
 * Two keep both cores busy, but each then waits for the other: where that takes too long, one.
 */
export function framesAtOnce(latencyMs, current) {
  if (latencyMs === null) return current;
  if (latencyMs > EASY_SHARE * GLASS_TO_GLASS_MS) return 1;
  return latencyMs < 0.45 * GLASS_TO_GLASS_MS ? 2 : current;
}

/** Return how long to wait before attempt number `attempt` (1, 2, …); `chance` is 0 to 1. */
export function waitMs(attempt, chance) {
  const wait = Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), LONGEST_WAIT_MS);
  return wait * (1 + JITTER * (2 * chance - 1));
}

/** Say whether an answer is newer than what is shown: one that was overtaken is dropped. */
export function isNewer(capturedAt, shownAt) {
  return shownAt === null || capturedAt > shownAt;
}

/** Frames a second and milliseconds from the camera's glass to the screen's. */
export const emptyMeter = Object.freeze({ samples: [] });

/**
 * Return the meter after a frame was shown. A sample is {shownAt, latencyMs, serverMs: {decode,
 * detect, classify}}, all in milliseconds.
 */
export function measured(meter, sample) {
  const samples = [...meter.samples, sample].filter(({ shownAt }) => sample.shownAt - shownAt <= WINDOW_MS);
  return { samples };
}

/** Return {framesASecond, latencyMs, serverMs} over the last seconds; null where nothing was shown. */
export function readings({ samples }, now) {
  const recent = samples.filter(({ shownAt }) => now - shownAt <= WINDOW_MS);
  if (recent.length < 2) return { framesASecond: null, latencyMs: null, serverMs: null };
  const span = recent.at(-1).shownAt - recent[0].shownAt;
  const total = ({ serverMs }) => Object.values(serverMs).reduce((sum, value) => sum + value, 0);
  return {
    framesASecond: span > 0 ? ((recent.length - 1) * 1000) / span : null,
    latencyMs: median(recent.map(({ latencyMs }) => latencyMs)),
    serverMs: median(recent.map(total)),
  };
}
