/** The cases' API as functions that return data or throw a `Problem`; every write carries the CSRF token. */

import { Problem, send } from "../api.js";

const ROOT = "/api/v1";

/** What the server refused: in words, with its code and whatever it said besides. */
export class Refusal extends Problem {
  constructor(status, body) {
    super({
      title: body?.title ?? "The server did not answer as it should",
      detail: body?.detail ?? `It answered ${status} without saying why.`,
    });
    this.status = status;
    this.code = body?.code ?? body?.type?.split("#")[1] ?? null;
    this.cells = body?.cells ?? [];
    this.changes = body?.changes ?? [];
  }
}

/**
 * Return {session, get, post, put, patch, destroy, upload}. `onStranger()` is called where a login is
 * needed; what was asked for then fails as well.
 */
export function createApi(onStranger = () => {}) {
  let csrf = null;

  async function ask(path, options = {}) {
    const headers = { ...options.headers, ...(csrf ? { "X-CSRF-Token": csrf } : {}) };
    const { response } = await send(`${ROOT}${path}`, { ...options, headers });
    if (response.ok) return response.status === 204 ? null : response.json();
    const body = await response.json().catch(() => null);
    const refusal = new Refusal(response.status, body);
    if (response.status === 401 && refusal.code === "login-needed") onStranger();
    throw refusal;
  }
  const write = (method) => (path, values = {}) => ask(path, {
    method, body: JSON.stringify(values), headers: { "Content-Type": "application/json" },
  });

  return {
    get: (path) => ask(path),
    post: write("POST"),
    put: write("PUT"),
    patch: write("PATCH"),
    destroy: (path) => ask(path, { method: "DELETE" }),
    upload: (path, form) => ask(path, { method: "POST", body: form }),
    /** Who is asking: {reader, accounts}; keeps the token for what is written from now on. */
    async session() {
      const session = await ask("/session");
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
