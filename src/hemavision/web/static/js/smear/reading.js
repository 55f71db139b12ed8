/** Reads one field: shows it at once, asks the server, and ends every trouble in words beside it. */

import { ask, classify, Problem } from "../api.js";
import { decode } from "../intake.js";
import { _, problemWords, tooLarge } from "../words.js";

/** Return `read(item)`; `told(item)` hears of each field as it is done or has failed. */
export function createReader(store, maxBodyMb, told) {
  const find = (id) => store.state.items.find((item) => item.id === id);
  return async function read({ id, file, name, url }) {
    const previewable = (await decode(url)) !== null;
    if (!find(id)) return;
    store.dispatch({ type: "previewed", id, previewable });
    const action = await attempt({ file, name, previewable }, maxBodyMb);
    if (!find(id)) return;
    store.dispatch({ id, ...action });
    told(find(id));
  };
}

async function attempt({ file, name, previewable }, maxBodyMb) {
  const large = tooLarge(file.size, maxBodyMb);
  if (large) return { type: "failed", error: large };
  const started = performance.now();
  try {
    const answer = await readSmear(file, name);
    const roundTripMs = performance.now() - started;
    const original = previewable ? null : await serversPicture(file, name).catch(() => null);
    return { type: "answered", answer, original, roundTripMs };
  } catch (error) {
    const words = error.words ?? { title: _("The page could not use the answer"), detail: error.message };
    return { type: "failed", error: words };
  }
}

/** Read one field: {smear}, each white cell with the numbers of its heatmap. */
async function readSmear(file, name) {
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
async function serversPicture(file, name) {
  return (await classify(file, name, true)).overlay;
}
