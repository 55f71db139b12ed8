/** The cases, a row each: what, how far, by whom and when. */

import { make, role, write } from "../../components/dom.js";
import { agoWords, cellsWords, stateWords } from "../words.js";

/** Return {show(cases, {total, more, searched})}. */
export function mountCaseList({ table, empty, more: moreButton, total: totalWords }) {
  const rows = role(table, "rows");
  return {
    show(cases, { total, more, searched }) {
      const made = cases.map(makeRow);
      if (more) rows.append(...made);
      else rows.replaceChildren(...made);
      table.hidden = total === 0;
      empty.hidden = total > 0;
      write(empty, searched ? "No case matches." : "No cases yet: drop the images of a slide on this page.");
      moreButton.hidden = rows.children.length >= total;
      write(totalWords, total ? cellsWords(total, "case") : "");
    },
  };
}

function makeRow(found) {
  const { id, name, slide, state, version, counts, images } = found;
  const link = make("a", { className: "case-name", href: `/cases/${id}`, textContent: name });
  const sub = make("span", { className: "case-sub", textContent: [slide, cellsWords(images, "image"), `no. ${id}`].filter(Boolean).join(" · ") });
  const chip = make("span", { className: "state-chip", textContent: stateWords(state) + (version > 1 ? ` · v${version}` : "") });
  chip.dataset.state = state;
  const when = make("td", { className: "case-when" }, make("time", { dateTime: found.updated_at, textContent: agoWords(found.updated_at) }), make("span", { className: "case-sub", textContent: `by ${found.updated_by}` }));
  return make("tr", {}, make("td", {}, link, sub), make("td", {}, chip), makeProgress(counts), when);
}

function makeProgress({ cells, decided, undecided }) {
  const fill = make("i");
  fill.style.setProperty("transform", `scaleX(${cells ? decided / cells : 0})`);
  const unfamiliar = undecided.unfamiliar ? `, ${undecided.unfamiliar} unfamiliar` : "";
  const words = cells ? `${decided.toLocaleString("en-GB")} of ${cellsWords(cells)}${unfamiliar}` : "no cells";
  const bar = make("span", { className: "thin-bar" }, fill);
  bar.setAttribute("aria-hidden", "true");
  return make("td", { className: "numbers" }, make("span", { textContent: words }), bar);
}
