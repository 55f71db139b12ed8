/** The browser's cameras, and their frames on the way to the reader. Throws trouble by name. */

const LONG_SIDE_PX = 640; // a frame is read at this size: the scale that the detector works at
const SANE_MS = 2000;
const GLANCE_EVERY_MS = 90;

export class CameraTrouble extends Error {}

/** Open a camera (any where `id` is null) and return its stream. */
export async function openCamera(id) {
  if (!window.isSecureContext) throw new CameraTrouble("insecure");
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraTrouble("unsupported");
  const which = id ? { deviceId: { exact: id } } : { facingMode: { ideal: "environment" } };
  const video = { ...which, width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    throw new CameraTrouble(error.name);
  }
}

/** Return [{id, label}] of all cameras. */
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind }) => kind === "videoinput").map(({ deviceId, label }) => ({ id: deviceId, label }));
}

/** Say whether the page may open a camera without asking. */
export async function isAllowed() {
  try {
    return (await navigator.permissions.query({ name: "camera" })).state === "granted";
  } catch {
    return false; // a browser that does not know this permission asks when it comes to it
  }
}

/** Call `body(capturedAt)` for each new frame of a video, with when the camera took it (ms). */
function eachFrame(video, body) {
  if (!("requestVideoFrameCallback" in video)) {
    eachNewTime(video, body);
    return;
  }
  const arrived = (now, { captureTime }) => {
    const told = captureTime !== undefined && Math.abs(now - captureTime) < SANE_MS;
    body(told ? captureTime : now);
    video.requestVideoFrameCallback(arrived);
  };
  video.requestVideoFrameCallback(arrived);
}

/** The same for browsers that announce no frames: look at the clock of the video. */
function eachNewTime(video, body) {
  let last = -1;
  const look = (now) => {
    if (video.currentTime !== last) body(now);
    last = video.currentTime;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Return the video's frame as a bitmap, its long side at most LONG_SIDE_PX. */
function grab(video) {
  const { videoWidth, videoHeight } = video;
  const shrink = Math.min(1, LONG_SIDE_PX / Math.max(videoWidth, videoHeight));
  if (shrink === 1) return createImageBitmap(video);
  const [resizeWidth, resizeHeight] = [videoWidth, videoHeight].map((side) => Math.round(side * shrink));
  return createImageBitmap(video, { resizeWidth, resizeHeight, resizeQuality: "medium" });
}

/**
 * Send the newest frame whenever one more may be on its way, and never one that waited: what the
 * server cannot keep up with is dropped here, before anything is spent on it. Between those the
 * reader glances at frames, so that it does not lose the way while the server is slow or away.
 *
 * Return {asked}, to be called when something may have changed that lets a frame go.
 *
 * `mayGo(onTheirWay)` says whether one more may; `answered({bitmap, capturedAt, answer, cells, glance})`
 * and `failed(problem)` take what came back.
 */
export function createFeed(video, { mayGo, answered, failed }) {
  const reader = new Worker(document.body.dataset.reader, { type: "module" });
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
