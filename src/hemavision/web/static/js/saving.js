/** What leaves the page: files, made in the browser at the image's own resolution, and images for a case. */

import { Problem } from "./api.js";
import { colour, mapOf, spread } from "./heatmap.js";
import { _, said } from "./words.js";

const BAND_ROWS = 256; // a band at a time keeps a 100-megapixel image within memory

/** Return a canvas with the map blended over the picture, at the original resolution. */
export function compose(picture, answer, cellType, opacity) {
  const { width, height, box } = answer.prediction;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  const map = mapOf(answer.heatmaps, cellType);
  if (!map || opacity === 0) return canvas;
  context.globalAlpha = opacity;
  for (let top = 0; top < height; top += BAND_ROWS) {
    const rows = Math.min(BAND_ROWS, height - top);
    const frame = { width, height, outWidth: width, outHeight: height, top, rows };
    const band = new OffscreenCanvas(width, rows);
    const pixels = new ImageData(colour(spread(map, box, frame)), width, rows);
    band.getContext("2d").putImageData(pixels, 0, 0);
    context.drawImage(band, 0, top);
  }
  return canvas;
}

/** Return the answer as JSON text, as the server gave it but without pictures. */
export function answerJson(answer) {
  const { overlay, ...rest } = answer;
  return JSON.stringify(rest, null, 2);
}

/** Hand a blob to the browser's downloads. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * Put an image of one cell into a case, decided on where a type is given. Return {id, name, kind}: the case,
 * and how the image came into it, "added" or "duplicate".
 *
 * @param file the image
 * @param wish {caseId, name, type}: without `caseId` a new case of that name; without `type` undecided
 */
export async function keepInCase(api, file, { caseId, name, type }) {
  const { case: found } = caseId ? await api.get(`/cases/${caseId}`) : await api.make("/cases", { name });
  const root = `/cases/${found.id}`;
  const form = new FormData();
  form.append("images", file, file.name);
  form.append("kind", "cell");
  const { results: [{ result, error }] } = await api.upload(`${root}/images`, form);
  if (error) throw new Problem({ title: _("The image is not kept"), detail: said(error) });
  if (type) await decide(api, root, file, type);
  return { id: found.id, name: found.name, kind: result };
}

/** Say what the one cell of an image is. */
async function decide(api, root, file, type) {
  const sha256 = await digest(file);
  const { images } = await api.get(`${root}/images`);
  // Where there is no digest, over a network without TLS, the image that was just added is the last one.
  const image = images.find((one) => one.sha256 === sha256) ?? images.at(-1);
  const { cells: [cell] } = await api.get(`${root}/cells?image=${image.id}`);
  await api.patch(`${root}/cells`, { changes: [{ id: cell.id, revision: cell.revision, cell_type: type }] });
}

async function digest(file) {
  if (!crypto.subtle) return null;
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
