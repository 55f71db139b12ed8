/** Reads one field: shows it at once, asks the server, and ends every trouble in words beside it. */

import { decode } from "../intake.js";
import { tooLarge } from "../words.js";
import { readSmear, serversPicture } from "./api.js";

/** Return `read(item)`; `told(item)` hears of each field as it is done or has failed. */
export function createReader(store, maxBodyMb, told) {
  const find = (id) => store.state.items.find((item) => item.id === id);
  return async function read({ id, file, name, url }) {
    const previewable = (await decode(url)) !== null;
    if (!find(id)) return;
    store.dispatch({ type: "previewed", id, previewable });
    const action = await ask({ file, name, previewable }, maxBodyMb);
    if (!find(id)) return;
    store.dispatch({ id, ...action });
    told(find(id));
  };
}

async function ask({ file, name, previewable }, maxBodyMb) {
  const large = tooLarge(file.size, maxBodyMb);
  if (large) return { type: "failed", error: large };
  const started = performance.now();
  try {
    const answer = await readSmear(file, name);
    const roundTripMs = performance.now() - started;
    const original = previewable ? null : await serversPicture(file, name).catch(() => null);
    return { type: "answered", answer, original, roundTripMs };
  } catch (error) {
    const words = error.words ?? { title: "The page could not use the answer", detail: error.message };
    return { type: "failed", error: words };
  }
}
