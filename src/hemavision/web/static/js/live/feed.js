/**
 * Sends the newest frame whenever one more may be on its way, and never one that waited: what the
 * server cannot keep up with is dropped here, before anything is spent on it. Between those the
 * reader glances at frames, so that it does not lose the way while the server is slow or away.
 */

import { eachFrame, grab } from "./camera.js";

const GLANCE_EVERY_MS = 90;

/**
 * Return {asked}, to be called when something may have changed that lets a frame go.
 *
 * `mayGo(onTheirWay)` says whether one more may; `answered({bitmap, capturedAt, answer, cells, glance})`
 * and `failed(problem)` take what came back.
 */
export function createFeed(video, { mayGo, answered, failed }) {
  const reader = new Worker(new URL("./reader.js", import.meta.url), { type: "module" });
  let [onTheirWay, newest, grabbing, seenAt] = [0, null, false, -Infinity];

  async function asked() {
    if (newest === null || grabbing) return;
    const goes = mayGo(onTheirWay);
    if (!goes && newest - seenAt < GLANCE_EVERY_MS) return;
    const capturedAt = newest;
    [newest, seenAt, grabbing] = [null, capturedAt, true];
    if (goes) onTheirWay += 1;
    try {
      const bitmap = await grab(video);
      reader.postMessage({ bitmap, capturedAt, goes }, [bitmap]);
    } catch {
      if (goes) onTheirWay -= 1; // the camera went away between its frame and now
    }
    grabbing = false;
  }

  reader.addEventListener("message", ({ data }) => {
    onTheirWay -= 1;
    if (data.bitmap) answered(data);
    else failed(data.problem);
    asked();
  });
  eachFrame(video, (capturedAt) => {
    newest = capturedAt;
    asked();
  });
  return { asked };
}
