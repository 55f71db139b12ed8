/**
 * A worker: takes frames, has each read by the server, gives it back with its cells. Encoding and
 * reading JSON here leave the page's own thread free to draw.
 */

import { cellsOf, PATCH_PX, signature } from "./cells.js";
import { glanced, greyLevels, THUMB_PX, unseen } from "./glance.js";

const QUALITY = 0.9; // of the JPEG: what it loses lies below what a detector sees
const TIMEOUT_MS = 6000;

const canvas = new OffscreenCanvas(1, 1);
const patch = new OffscreenCanvas(PATCH_PX, PATCH_PX);
const thumb = new OffscreenCanvas(1, 1);
let seen = unseen; // frames come in the order in which they were taken

self.addEventListener("message", async ({ data: { bitmap, capturedAt, goes } }) => {
  const { epoch, x, y } = glanceAt(bitmap);
  if (!goes) {
    bitmap.close();
    return;
  }
  try {
    const answer = await read(bitmap);
    const cells = cellsOf(answer, (box) => signatureOf(bitmap, box));
    self.postMessage({ bitmap, capturedAt, answer, cells, glance: { epoch, x, y } }, [bitmap]);
  } catch (error) {
    bitmap.close();
    self.postMessage({ capturedAt, problem: error.problem ?? null });
  }
});

function glanceAt(bitmap) {
  const scale = Math.max(bitmap.width, bitmap.height) / THUMB_PX;
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.round(side / scale));
  [thumb.width, thumb.height] = [width, height];
  const context = thumb.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "medium";
  context.drawImage(bitmap, 0, 0, width, height);
  seen = glanced(seen, greyLevels(context.getImageData(0, 0, width, height).data, width, height), scale);
  return seen;
}

async function read(bitmap) {
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  const body = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  const response = await fetch("/api/v1/live", {
    method: "POST", body, headers: { "Content-Type": "image/jpeg" }, signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => null);
  throw Object.assign(new Error("The server answered with a problem"), { problem });
}

function signatureOf(bitmap, [left, top, right, bottom]) {
  const context = patch.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, left, top, right - left, bottom - top, 0, 0, PATCH_PX, PATCH_PX);
  return signature(context.getImageData(0, 0, PATCH_PX, PATCH_PX).data);
}
