/** What is asked of the server: of the case itself, or of a second reading that is blind to it. */

import { everyPage, Problem, Unreachable } from "../api.js";
import { _, title } from "../words.js";
import { countQuery } from "./entered.js";
import { foreignWords } from "./words.js";

const WAIT_MS = 120;
const EVERY_MS = 5000;
const AGAIN_MS = 500;
/** The server keeps no larger ones, and takes no more cells at once. */
const LARGEST_PX = 192;
const AT_ONCE = 200;

/** Return {decide, undo} as the writer wants them. */
export function createDesk({ api, store, root }) {
  const seen = (changes) => changes.map(({ id }) => id).filter((id) => store.state.seen.has(id));
  const opened = (changes) => changes.map(({ id }) => id).filter((id) => store.state.opened.has(id));
  const blind = async (changes, key) => {
    const asked = { changes, seen: seen(changes) };
    const { cells, left_out } = await api.patch(`/reads/${store.state.reading.id}/cells`, asked, key);
    return { batch: 0, cells: cells.map(asBlind), case: null, left_out }; // it has no batches: the page undoes
  };
  return {
    decide: (changes, asSuggested, key) => (store.state.reading ? blind(changes, key)
      : api.patch(`${root}/cells`, { changes, seen: seen(changes), opened: asSuggested ? [] : opened(changes) }, key)),
    undo: ({ batch, changes }, key) => (store.state.reading ? blind(changes, key) : api.post(`${root}/undo`, { batch }, key)),
  };
}

/** Return {all, cells, record, pictures, cut}: ask the server and put into the state what it says. */
export function createLoader({ api, store, root }) {
  async function record() {
    const { case: found, versions, cell_types: named, class_list: classList } = await api.get(root);
    const types = named.map((type) => ({ ...type, display_name: title(type.name) }));
    const known = store.state.types;
    const same = known.length === types.length && known.every(({ name }, index) => name === types[index].name);
    store.dispatch({ type: "caseLoaded", found, versions, types: same ? known : types, classList });
  }

  async function cells() {
    const { reading } = store.state;
    const path = reading ? `/reads/${reading.id}/cells` : `${root}/cells`;
    const found = await everyPage(api.get, path, "cells");
    store.dispatch({ type: "cellsLoaded", cells: reading ? found.map(asBlind) : found });
  }

  async function cut() {
    if (store.state.reading) return store.dispatch({ type: "cutLoaded", cut: [] });
    const found = await api.get(`${root}/cut`);
    return store.dispatch({ type: "cutLoaded", cut: found.cut });
  }

  async function pictures() {
    const { images } = await api.get(`${root}/images`);
    store.dispatch({ type: "imagesLoaded", images });
    await record();
    await cells();
    await cut();
  }

  /** `blind`: whether this reader has a second reading open here, so that the case's own cells are not theirs to see. */
  async function all(blind) {
    const [session, { images }, { reads }, seen, found] = await Promise.all([
      api.session(), api.get(`${root}/images`), api.get(`${root}/reads`),
      blind ? null : everyPage(api.get, `${root}/cells`, "cells"), blind ? null : api.get(`${root}/cut`), record(),
    ]);
    store.dispatch({ type: "sessionLoaded", ...session });
    store.dispatch({ type: "imagesLoaded", images });
    const own = reads.find(({ state, reader }) => state === "open" && reader === session.reader?.name);
    if (own) store.dispatch({ type: "readingBegan", reading: own });
    if (blind || own) return Promise.all([cells(), cut()]);
    store.dispatch({ type: "cellsLoaded", cells: seen });
    return store.dispatch({ type: "cutLoaded", cut: found.cut });
  }
  return { all, cells, record, pictures, cut };
}

/**
 * The gallery's pictures, asked for together: all that one frame of it lacks in one request.
 *
 * Return {of(id, side), kept(id)}: the address of a cell's picture, `side` CSS pixels wide, or null until
 * it is here, when `arrived()` is called; and of any that is here already.
 */
export function createThumbnails({ api, root, arrived }) {
  const sizes = new Map(); // pixels of the screen → {asked, pictures}
  let wanted = new Map(); // the same → ids

  async function ask(px, ids) {
    const { asked, pictures } = sizes.get(px);
    try {
      const { thumbnails } = await api.get(`${root}/thumbnails?side=${px}&cells=${ids.join(",")}`);
      for (const [id, webp] of Object.entries(thumbnails)) pictures.set(Number(id), `data:image/webp;base64,${webp}`);
      arrived();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      for (const id of ids) asked.delete(id); // who draws the gallery again asks again
    }
  }

  function askAll() {
    for (const [px, ids] of wanted) {
      for (let from = 0; from < ids.length; from += AT_ONCE) ask(px, ids.slice(from, from + AT_ONCE));
    }
    wanted = new Map();
  }

  return {
    of(id, side) {
      const px = Math.min(LARGEST_PX, Math.ceil(side * window.devicePixelRatio));
      if (!sizes.has(px)) sizes.set(px, { asked: new Set(), pictures: new Map() });
      const { asked, pictures } = sizes.get(px);
      if (!asked.has(id)) {
        asked.add(id);
        if (!wanted.size) queueMicrotask(askAll);
        if (!wanted.has(px)) wanted.set(px, []);
        wanted.get(px).push(id);
      }
      return pictures.get(id) ?? null;
    },
    kept: (id) => [...sizes.values()].map(({ pictures }) => pictures.get(id)).find(Boolean) ?? null,
  };
}

function asBlind(cell) {
  return { ...cell, suggestion: null, decided_by: null, decided_at: null };
}

/**
 * The differential, asked for anew a moment after whatever it depends on has changed. Return
 * {refresh(wait), now()}. An answer that comes after a later one's is not shown.
 */
export function createNumbers({ api, store, root }) {
  let [timer, asked, shown] = [0, 0, 0];
  const isNews = (mine) => mine > shown && !store.state.reading;

  async function ask() {
    if (!store.state.case || store.state.reading) return;
    const mine = (asked += 1);
    try {
      const numbers = await api.get(`${root}/differential${countQuery(store.state.suggestions)}`);
      if (!isNews(mine) || numbers.suggestions !== store.state.suggestions) return;
      shown = mine;
      store.dispatch({ type: "numbersLoaded", numbers });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (isNews(mine)) store.dispatch({ type: "numbersFailed", error: error.words?.detail ?? error.message });
    }
  }
  return {
    refresh(wait = WAIT_MS) {
      clearTimeout(timer);
      timer = setTimeout(ask, wait);
    },
    now: ask,
  };
}

/**
 * Whether the server answers. Return {back}: it resolves when it does again; until then the page says that
 * it does not. `returned()` does what there is to do then.
 */
export function createConnection({ api, store, returned }) {
  let waiting = null;
  async function wait() {
    store.dispatch({ type: "lost" });
    let pause = AGAIN_MS;
    do {
      await new Promise((done) => setTimeout(done, pause));
      pause = Math.min(2 * pause, EVERY_MS);
    } while (!await api.answers());
    waiting = null;
    store.dispatch({ type: "found" });
    returned();
  }
  return { back: () => (waiting ??= wait()) };
}

/**
 * Look, every few seconds and when the page comes into sight, whether somebody else has changed the
 * case, and show what they did.
 */
export function createWatch({ api, store, root, isIdle, load, notice, connection }) {
  async function look() {
    const { case: mine, phase, reading } = store.state;
    if (document.hidden || phase !== "ready" || reading || !isIdle()) return;
    const { case: now } = await api.get(root);
    // A decision made while the answer was on its way is newer than the answer.
    if (!isIdle() || now.revision <= mine.revision || mine !== store.state.case) return;
    const before = store.state.server;
    await load.pictures();
    const changed = [...store.state.server.values()].filter((cell) => before.get(cell.id)?.revision !== cell.revision);
    const added = changed.filter(({ id }) => !before.has(id)).length;
    const who = now.updated_by === store.state.me?.name ? _("In another window") : _("By {who}", { who: now.updated_by });
    const what = foreignWords({ isSigned: now.state === "signed", added, changed: changed.length - added });
    notice(_("{who}: {what}. What shows is up to date.", { who, what }), "info", changed.slice(0, 1).map(({ id }) => id));
  }
  let timer;
  const later = () => { clearTimeout(timer); timer = setTimeout(turn, EVERY_MS); };
  const turn = () => look().catch((error) => {
    if (error instanceof Unreachable) return connection.back();
    // What is refused says so where something is asked for.
    if (!(error instanceof Problem)) throw error;
    return null;
  }).finally(later);
  document.addEventListener("visibilitychange", turn);
  later();
}
