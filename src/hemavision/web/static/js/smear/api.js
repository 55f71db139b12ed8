/** The REST API of fields as functions that return data or throw a `Problem` in words. */

import { ask, classify, Problem, send } from "../api.js";
import { problemWords } from "../words.js";

/** Read one field: {smear}, each white cell with the numbers of its heatmap. */
export async function readSmear(file, name) {
  const form = new FormData();
  form.append("images", file, name);
  form.append("heatmaps", "raw");
  const { body, code } = await ask("/api/v1/smears", { method: "POST", body: form });
  const item = body?.results?.[0];
  if (item?.error) throw new Problem(problemWords(item.error, code));
  if (!item?.smear) throw new Problem(problemWords(body, code));
  return item;
}

/** Return a picture, as an address, of a file that browsers cannot show: as the server decoded it. */
export async function serversPicture(file, name) {
  return (await classify(file, name, true)).overlay;
}

/** Return the fields' findings as a file of another format: {blob, name}. */
export async function exportSmears(results, format) {
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
