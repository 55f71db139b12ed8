/** The REST API as functions that return data or throw a `Problem` in words. */

import { _, problemWords, said, UNREACHABLE } from "./words.js";

const ROOT = "/api/v1";
/** What a proxy answers where the server is gone, and the server where its store is. */
const AWAY = new Set([502, 503, 504]);
/** How often a busy server is asked. */
const TRIES = 10;

export class Problem extends Error {
  constructor({ title, detail }) {
    super(`${title}. ${detail}`);
    this.words = { title, detail };
  }
}

/** The server did not answer: what was asked for may come again. */
export class Unreachable extends Problem {
  constructor() {
    super(UNREACHABLE);
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

/**
 * Fetch: {response}; a busy server, which did nothing of it, is asked again when it says, and one that
 * cannot be reached is a Problem in words.
 */
export async function send(url, options, tries = TRIES) {
  const response = await fetch(url, options).catch(() => { throw new Unreachable(); });
  const afterS = Number(response.headers.get("Retry-After"));
  if (response.status !== 503 || !afterS || tries <= 1) return { response };
  await new Promise((go) => setTimeout(go, afterS * 1000));
  return send(url, options, tries - 1);
}

/** Return a name that no other request has; `randomUUID` would need a secure connection. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What the server refused: in words, with its code and whatever it said besides. */
class Refusal extends Problem {
  constructor(status, body) {
    super({
      title: said(body?.title) || _("The server did not answer as it should"),
      detail: said(body?.detail) || _("It answered {status} without saying why.", { status }),
    });
    this.status = status;
    this.code = body?.code ?? body?.type?.split("#")[1] ?? null;
    this.cells = body?.cells ?? [];
    this.changes = body?.changes ?? [];
  }
}

/**
 * The cases' API; every write carries the CSRF token, and a key by which the server knows it again if one
 * is given.
 *
 * Return {session, get, post, put, patch, make, destroy, upload, answers}. `onStranger()` is called where a login is
 * needed; what was asked for then fails as well.
 */
export function createApi(onStranger = () => {}) {
  let csrf = null;

  async function call(path, options = {}) {
    const headers = { ...options.headers, ...(csrf ? { "X-CSRF-Token": csrf } : {}) };
    const { response } = await send(`${ROOT}${path}`, { ...options, headers });
    if (response.ok) return response.status === 204 ? null : response.json();
    if (AWAY.has(response.status)) throw new Unreachable();
    const body = await response.json().catch(() => null);
    const refusal = new Refusal(response.status, body);
    if (response.status === 401 && refusal.code === "login-needed") onStranger();
    throw refusal;
  }
  const write = (method) => (path, values = {}, key = null) => call(path, {
    method, body: JSON.stringify(values),
    headers: { "Content-Type": "application/json", ...(key ? { "Idempotency-Key": key } : {}) },
  });

  return {
    get: (path) => call(path),
    post: write("POST"),
    put: write("PUT"),
    patch: write("PATCH"),
    /** Make or sign something, once: where no answer comes it is sent again, and the server knows it by its key. */
    make(path, values) {
      const send = (key) => write("POST")(path, values, key);
      const key = newKey();
      return send(key).catch((error) => {
        if (error instanceof Unreachable) return send(key);
        throw error;
      });
    },
    destroy: (path) => call(path, { method: "DELETE" }),
    upload: (path, form) => call(path, { method: "POST", body: form }),
    /** Say whether the server, and its store, answer. */
    answers: () => fetch("/health/ready").then(({ ok }) => ok, () => false),
    /** Who is asking: {reader, accounts}; keeps the token for what is written from now on. */
    async session() {
      const session = await call("/session");
      csrf = session.csrf;
      return session;
    },
    async logIn(name, password) {
      const session = await write("POST")("/session", { name, password });
      csrf = session.csrf;
      return session;
    },
  };
}

/** Ask for every page of a list: `key` names its rows, `total` says how many there are. */
export async function everyPage(get, path, key, size = 1000) {
  const rows = [];
  for (;;) {
    const join = path.includes("?") ? "&" : "?";
    const page = await get(`${path}${join}limit=${size}&offset=${rows.length}`);
    rows.push(...page[key]);
    if (rows.length >= page.total || page[key].length === 0) return rows;
  }
}

/** Return the way to the login and back. */
export function loginAddress({ pathname, search }) {
  return `/login?next=${encodeURIComponent(pathname + search)}`;
}

/** Return where to go after the login: only ever a page of this site. */
export function safeNext(search, fallback = "/cases") {
  const next = new URLSearchParams(search).get("next") ?? "";
  return /^\/(?![/\\])/.test(next) && !/[\u0000-\u001f]/.test(next) ? next : fallback;
}
