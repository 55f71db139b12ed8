/** Looks, every few seconds and when the page comes into sight, whether somebody else has changed
 * the case, and shows what they did. */

import { Problem } from "../api.js";
import { foreignWords } from "./words.js";

const EVERY_MS = 5000;

export function createWatch({ api, store, root, isIdle, load, notice }) {
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
    const who = now.updated_by === store.state.me?.name ? "In another window" : `By ${now.updated_by}`;
    const what = foreignWords({ isSigned: now.state === "signed", added, changed: changed.length - added });
    notice(`${who}: ${what}. What shows is up to date.`, "info", changed.slice(0, 1).map(({ id }) => id));
  }
  let timer;
  const later = () => { clearTimeout(timer); timer = setTimeout(turn, EVERY_MS); };
  const turn = () => look().catch((error) => {
    // A server that does not answer says so where something is asked of it.
    if (!(error instanceof Problem)) throw error;
  }).finally(later);
  document.addEventListener("visibilitychange", turn);
  later();
}
