/** The REST API as functions that return data or throw a `Problem` in words. */

import { problemWords, UNREACHABLE } from "./words.js";

export class Problem extends Error {
  constructor({ title, detail }) {
    super(`${title}. ${detail}`);
    this.words = { title, detail };
  }
}

/**
 * Classify one file. With `wantsOriginal` the answer also carries the image as the server decoded
 * it (an overlay of opacity 0), for formats that browsers cannot show.
 */
export async function classify(file, name, wantsOriginal) {
  const form = new FormData();
  form.append("images", file, name);
  form.append("heatmaps", wantsOriginal ? "all" : "raw");
  if (wantsOriginal) form.append("opacity", "0");
  const { body, code } = await ask("/api/v1/classify", { method: "POST", body: form });
  const item = body?.results?.[0];
  if (item?.error) throw new Problem(problemWords(item.error, code));
  if (!item?.prediction) throw new Problem(problemWords(body, code));
  return item;
}

/** Return {name: clinical context} of all types, each with its profile's name. */
export async function cellTypes() {
  const { body, code } = await ask("/api/v1/cell-types");
  if (!body?.cell_types) throw new Problem(problemWords(body, code));
  return Object.fromEntries(
    body.cell_types.map((entry) => [entry.name, { ...entry, profile: body.profile }]));
}

/** Return the model that answers, as /api/v1/models lists it. */
export async function defaultModel() {
  const { body, code } = await ask("/api/v1/models");
  const model = body?.models?.find((entry) => entry.default);
  if (!model) throw new Problem(problemWords(body, code));
  return model;
}

/** Return a sample as a File. */
export async function fetchSample(url, name) {
  const { response } = await send(url);
  if (!response.ok) throw new Problem(problemWords(null, response.status));
  return new File([await response.blob()], name, { type: "image/png" });
}

/** Ask for JSON: {body, code}, the code only of an error. */
export async function ask(url, options) {
  const { response } = await send(url, options);
  const body = await response.json().catch(() => null);
  return { body, code: response.ok ? null : response.status };
}

/** Fetch: {response}; a server that cannot be reached is a Problem in words. */
export async function send(url, options) {
  try {
    return { response: await fetch(url, options) };
  } catch {
    throw new Problem(UNREACHABLE);
  }
}
