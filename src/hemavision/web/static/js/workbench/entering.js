/** What a reader enters beside the cells, on its way into the case: sent a moment after the last change. */

import { Problem } from "../api.js";
import { isTyped } from "./entered.js";

const WAIT_MS = 500;

/**
 * Return {soon, rest}.
 *
 * @param store the page's state: `entries` are the case's, `typed` what was changed since
 * @param report(refusal) tells the person that somebody else was first
 */
export function createEntering({ api, store, root, report }) {
  let line = Promise.resolve();
  let timer = 0;

  async function send() {
    const { entries, typed } = store.state;
    if (!isTyped(typed)) return;
    try {
      const { entries: now, case: found } = await api.put(`${root}/entries`, { ...entries, ...typed });
      store.dispatch({ type: "entered", entries: now, sent: typed, found });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const [theirs = null] = error.code === "changed-since" ? error.changes : [];
      store.dispatch({ type: "entryRefused", theirs, error: error.words.detail });
      if (!theirs) return;
      // What two people entered in different places stands side by side; in one place the first stays.
      if (Object.keys(typed).some((name) => !(name in store.state.typed))) report(error);
      await send();
    }
  }

  function flush() {
    clearTimeout(timer);
    line = line.then(send);
    return line;
  }

  return {
    /** Send what was typed when nothing more is typed for a moment. */
    soon() {
      clearTimeout(timer);
      timer = setTimeout(flush, WAIT_MS);
    },
    /** Send it now; resolve when it has been answered. */
    rest: flush,
  };
}
