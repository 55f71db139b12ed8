/** Decoded pictures of fields, the last few of them: a panorama takes hundreds of megabytes. */

import { decode } from "../intake.js";
import { makePyramid } from "./pyramid.js";

const KEPT = 3;

/** Return where the browser gets a field's picture from, or null where it has none to show. */
export function sourceOf(item) {
  if (!item) return null;
  return item.original ?? (item.previewable === false ? null : item.url);
}

/** Return `open(item)`, which resolves to {source, levels, width, height} or null. */
export function createPictures() {
  const kept = new Map(); // source → promise, the oldest first
  return function open(item) {
    const source = sourceOf(item);
    if (!source) return Promise.resolve(null);
    const found = kept.get(source) ?? load(source);
    kept.delete(source);
    kept.set(source, found);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    return found;
  };
}

async function load(source) {
  const picture = await decode(source);
  if (!picture) return null;
  const { naturalWidth: width, naturalHeight: height } = picture;
  return { source, width, height, levels: makePyramid(picture, width, height) };
}
