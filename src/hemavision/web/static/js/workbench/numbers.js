/** The differential, asked for anew a moment after whatever it depends on has changed. */

import { Problem } from "../api.js";
import { countQuery } from "./entered.js";

const WAIT_MS = 120;

/** Return {refresh(wait)}. An answer that came too late is not shown. */
export function createNumbers({ api, store, root }) {
  let [timer, asked] = [0, 0];

  async function ask() {
    if (!store.state.case || store.state.reading) return;
    const mine = (asked += 1);
    try {
      const numbers = await api.get(`${root}/differential${countQuery(store.state.suggestions)}`);
      if (mine === asked && !store.state.reading) store.dispatch({ type: "numbersLoaded", numbers });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (mine === asked) store.dispatch({ type: "numbersFailed", error: error.words?.detail ?? error.message });
    }
  }
  return {
    refresh(wait = WAIT_MS) {
      clearTimeout(timer);
      timer = setTimeout(ask, wait);
    },
  };
}
