/** How far two readers agree: in one case, in a dialog, and in all cases, on their page. Says nothing. */

import { make, role, write } from "../../components/dom.js";
import { binWords, cellsWords, kappaWords, shareWords, slidesWords, timeWords } from "../words.js";

/** Return {open(agreement, types)}; `loadSlides(type)` resolves to how both readers saw all slides. */
export function mountAgreement(dialog, loadSlides) {
  const select = role(dialog, "slides-type");
  const showSlides = async () => fillSlides(dialog, await loadSlides(select.value));
  select.addEventListener("change", showSlides);
  return {
    async open({ read, first_reader: first, model }, types) {
      write(role(dialog, "whose"), `${read.reader} read ${cellsWords(read.cells)} blind, ${timeWords(read.closed_at)}.`);
      role(dialog, "first").replaceChildren(...part("With the first reader", first, types, ["first", "second"]));
      role(dialog, "model").replaceChildren(...part("The model with the second reader", model, types, ["model", "second"]));
      select.replaceChildren(...types.filter((type) => type.by_model).map((type) => make("option", { value: type.name, textContent: type.display_name })));
      dialog.showModal();
      await showSlides();
    },
  };
}

function part(heading, found, types, [one, two]) {
  if (!found) return [make("h3", { textContent: heading }), make("p", { className: "quiet", textContent: "No cell was decided by both." })];
  const [low, high] = found.interval.map((bound) => 100 * bound);
  const { value, interval } = shareWords({ percent: 100 * found.agreement, low, high });
  const summary = make("p", { className: "agreement-line" }, make("strong", { textContent: kappaWords(found.kappa) }), make("span", { textContent: `${found.same} of ${found.n_cells} cells alike: ${value} (${interval})` }));
  const head = make("tr", {}, ...["Type", "Both", `Only ${one}`, `Only ${two}`, "Positive agreement"].map((words) => make("th", { scope: "col", textContent: words })));
  const rows = found.types.map((type) => make(
    "tr", {}, make("th", { scope: "row", textContent: binWords(type.cell_type, types) }),
    ...[type.both, type.first_only, type.second_only].map((count) => make("td", { textContent: String(count) })),
    make("td", { textContent: positive(type) })));
  return [make("h3", { textContent: heading }), summary, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))];
}

function positive({ positive_agreement: share, interval }) {
  if (share === null) return "–";
  const [low, high] = interval.map((bound) => Math.round(100 * bound));
  return `${Math.round(100 * share)}% (${low} to ${high})`;
}

/** Show what `/agreement/slides` answered in an element that holds `slides-words` and `plot`. */
export function fillSlides(element, { slides, limits, plot }) {
  write(role(element, "slides-words"), slidesWords(slides, limits));
  const drawn = plot ? [new DOMParser().parseFromString(plot, "image/svg+xml").documentElement] : [];
  role(element, "plot").replaceChildren(...drawn.map((svg) => document.importNode(svg, true)));
}

/** Show what `/agreement/reads` answered in an element that holds `reads-words`, `reads-table` and `reads-rows`. */
export function fillReads(element, { reads, total }) {
  const shown = reads.length < total ? `The last ${reads.length} of ${cellsWords(total, "second reading")}.` : "";
  write(role(element, "reads-words"), total ? shown : "No case has been read a second time yet. Open a case and press “Second reader”: that reading is blind.");
  role(element, "reads-table").hidden = total === 0;
  role(element, "reads-rows").replaceChildren(...reads.map(makeRow));
}

function makeRow({ case_name: name, read, first_reader: first, model }) {
  const link = make("a", { href: `/cases/${read.case_id}`, textContent: name });
  return make("tr", {}, make("th", { scope: "row" }, link),
    make("td", { textContent: `${read.reader}, ${read.closed_at.slice(0, 10)}` }), agreement(first), agreement(model));
}

function agreement(found) {
  if (!found) return make("td", { textContent: "no cell decided by both" });
  const alike = `${found.same.toLocaleString("en-GB")} of ${cellsWords(found.n_cells)} alike`;
  return make("td", { textContent: kappaWords(found.kappa) }, make("small", { textContent: alike }));
}
