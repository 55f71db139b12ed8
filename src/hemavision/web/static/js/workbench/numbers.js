/** The differential, asked for anew a moment after whatever it depends on has changed. */

import { Problem } from "../api.js";
import { countQuery } from "./entered.js";

const WAIT_MS = 120;

/**
 * Return how many white cells readers have decided, of a differential's answer: those aimed at are counted
 * of these, whatever the model suggests.
 */
export function decidedWhite({ cells, differential }) {
  const white = Object.entries(cells.decided).filter(([name]) => !(name in differential.left_out));
  return white.reduce((sum, [, count]) => sum + count, 0);
}

/** Return the sentence for the moment when a count is complete, or "": `before` is the answer before. */
export function completeWords(numbers, before) {
  if (!before) return "";
  const { target } = numbers.differential;
  const [now, then] = [decidedWhite(numbers), decidedWhite(before)];
  if (then >= target || now < target) return "";
  return `${now.toLocaleString("en-GB")} white cells are decided: the ${target} aimed at are complete. Sign, or choose a higher count and go on.`;
}

/** Return {refresh(wait), now()}. An answer that comes after a later one's is not shown. */
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
