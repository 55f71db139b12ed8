/** Frames a second and milliseconds from the camera's glass to the screen's. Pure. */

import { median } from "./registration.js";

const WINDOW_MS = 3000;

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
