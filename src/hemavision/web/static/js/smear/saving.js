/** What was found as files: a cell's cut-out and JSON, made here; fields, by the server. */

import { Problem, send } from "../api.js";
import { save } from "../saving.js";
import { derivedName, problemWords } from "../words.js";
import { drawCutOut, heatLayer } from "./pictures.js";

/** Save a cell's card: "overlay" is a PNG of the cut-out with its heatmap, "json" the answer. */
export async function saveCell(item, cell, kind, { picture, opacity }) {
  const name = `cell-${cell.id}`;
  if (kind === "json") {
    const { heatmap, ...rest } = cell;
    const text = JSON.stringify({ filename: item.name, ...rest }, null, 2);
    save(new Blob([text], { type: "application/json" }), derivedName(item.name, `${name}.json`));
    return;
  }
  const { left, right } = cell.prediction.box;
  const canvas = new OffscreenCanvas(right - left, right - left);
  drawCutOut(canvas, cell, picture, heatLayer(cell, new WeakMap()), opacity);
  save(await canvas.convertToBlob({ type: "image/png" }), derivedName(item.name, `${name}-heatmap.png`));
}

/** Save fields in a format of the server's; the heatmaps' numbers stay behind. */
export async function saveExport(items, format) {
  const { blob, name } = await exportSmears(items.map(resultOf), format);
  save(blob, name);
}

/** Return a field's result as the server gave it, without heatmaps. */
export function resultOf({ name, answer: { smear } }) {
  const cells = smear.cells.map(({ heatmap, ...cell }) => cell);
  return { filename: name, smear: { ...smear, cells } };
}

/** Return the fields' findings as a file of another format: {blob, name}. */
async function exportSmears(results, format) {
  const { response } = await send("/api/v1/smears/export", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ format, results }),
  });
  if (!response.ok) {
    throw new Problem(problemWords(await response.json().catch(() => null), response.status));
  }
  const said = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "");
  return { blob: await response.blob(), name: said?.[1] ?? `hemavision.${format}` };
}
