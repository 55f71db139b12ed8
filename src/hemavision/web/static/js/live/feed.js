/**
 * Sends the newest frame whenever one more may be on its way, and never one that waited: what the
 * server cannot keep up with is dropped here, before anything is spent on it.
 */

import { eachFrame, grab } from "./camera.js";

/**
 * Return {asked}, to be called when something may have changed that lets a frame go.
 *
 * `mayGo(onTheirWay)` says whether one more may; `answered({bitmap, capturedAt, answer, cells, glance})`
 * and `failed(problem)` take what came back.
 */
export function createFeed(video, { mayGo, answered, failed }) {
  const reader = new Worker(new URL("./reader.js", import.meta.url), { type: "module" });
  let [onTheirWay, newest, grabbing] = [0, null, false];

  async function asked() {
    if (newest === null || grabbing || !mayGo(onTheirWay)) return;
    const capturedAt = newest;
    [newest, grabbing] = [null, true];
    onTheirWay += 1;
    try {
      const bitmap = await grab(video);
      reader.postMessage({ bitmap, capturedAt }, [bitmap]);
    } catch {
      onTheirWay -= 1; // the camera went away between its frame and now
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
