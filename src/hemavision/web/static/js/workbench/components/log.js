/** Who did what in the case, newest first, some at a time. `load(offset)` resolves to {entries, total}. */

import { make, role, write } from "../../components/dom.js";
import { entryWords, timeWords } from "../words.js";

export function mountLog(dialog, load) {
  const list = role(dialog, "entries");
  let types = [];
  let shown = 0;
  const more = async () => {
    const { entries, total } = await load(shown);
    shown += entries.length;
    list.append(...entries.map((entry) => row(entry, types)));
    role(dialog, "log-more").hidden = shown >= total;
    write(role(dialog, "log-total"), `${total.toLocaleString("en-GB")} entries, each sealed with all before it.`);
  };
  role(dialog, "log-more").addEventListener("click", more);
  return {
    async open(state) {
      ({ types } = state);
      shown = 0;
      list.replaceChildren();
      dialog.showModal();
      await more();
    },
  };
}

function row(entry, types) {
  const seal = make("code", { textContent: entry.hash.slice(0, 10), title: `Seal ${entry.hash}` });
  return make(
    "li", {}, make("time", { dateTime: entry.at, textContent: timeWords(entry.at) }), make("b", { textContent: entry.who }),
    make("span", { textContent: entryWords(entry, types) }), seal);
}
