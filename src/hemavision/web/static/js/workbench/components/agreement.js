/** How far two readers agree: in one case, in a dialog, and in all cases, on their page. Says nothing. */

import { make, role, write } from "../../components/dom.js";
import { binWords, cellsWords, kappaWords, shareWords, slidesWords, timeWords } from "../words.js";
import { _, n_, said, whole } from "../../words.js";

/** Return {open(agreement, types)}; `loadSlides(type)` resolves to how both readers saw all slides. */
export function mountAgreement(dialog, loadSlides) {
  const select = role(dialog, "slides-type");
  const showSlides = async () => fillSlides(dialog, await loadSlides(select.value));
  select.addEventListener("change", showSlides);
  return {
    async open({ read, first_reader: first, model }, types) {
      write(role(dialog, "whose"), _("{who} read {cells} blind, {when}.", { who: read.reader, cells: cellsWords(read.cells), when: timeWords(read.closed_at) }));
      role(dialog, "first").replaceChildren(...part(_("With the first reader"), first, types, [_("Only first"), _("Only second")]));
      role(dialog, "model").replaceChildren(...part(_("The model with the second reader"), model, types, [_("Only model"), _("Only second")]));
      select.replaceChildren(...types.filter((type) => type.by_model).map((type) => make("option", { value: type.name, textContent: type.display_name })));
      dialog.showModal();
      await showSlides();
    },
  };
}

function part(heading, found, types, [one, two]) {
  if (!found) return [make("h3", { textContent: heading }), make("p", { className: "quiet", textContent: _("No cell was decided by both.") })];
  const [low, high] = found.interval.map((bound) => 100 * bound);
  const { value, interval } = shareWords({ percent: 100 * found.agreement, low, high });
  const summary = make("p", { className: "agreement-line" }, make("strong", { textContent: kappaWords(found.kappa) }), make("span", { textContent: _("{same} of {n} cells alike: {value} ({interval})", { same: found.same, n: found.n_cells, value, interval }) }));
  const head = make("tr", {}, ...[_("Type"), _("Both"), one, two, _("Positive agreement")].map((words) => make("th", { scope: "col", textContent: words })));
  const rows = found.types.map((type) => make(
    "tr", {}, make("th", { scope: "row", textContent: binWords(type.cell_type, types) }),
    ...[type.both, type.first_only, type.second_only].map((count) => make("td", { textContent: String(count) })),
    make("td", { textContent: positive(type) })));
  return [make("h3", { textContent: heading }), summary, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))];
}

function positive({ positive_agreement: share, interval }) {
  if (share === null) return "–";
  const [low, high] = interval.map((bound) => Math.round(100 * bound));
  return _("{share}% ({low} to {high})", { share: Math.round(100 * share), low, high });
}

/** Show what `/agreement/slides` answered in an element that holds `slides-words` and `plot`. */
export function fillSlides(element, { slides, limits, plot }) {
  write(role(element, "slides-words"), slidesWords(slides, limits));
  const drawn = plot ? [new DOMParser().parseFromString(plot, "image/svg+xml").documentElement] : [];
  for (const text of drawn.flatMap((svg) => [...svg.querySelectorAll("title, desc, text")])) text.textContent = said(text.textContent);
  role(element, "plot").replaceChildren(...drawn.map((svg) => document.importNode(svg, true)));
}

/** Show what `/agreement/reads` answered in an element that holds `reads-words`, `reads-table` and `reads-rows`. */
export function fillReads(element, { reads, total }) {
  const shown = reads.length < total ? n_("The last {shown} of {n} second reading.", "The last {shown} of {n} second readings.", total, { n: whole(total), shown: reads.length }) : "";
  write(role(element, "reads-words"), total ? shown : _("No case has been read a second time yet. Open a case and press “Second reader”: that reading is blind."));
  role(element, "reads-table").hidden = total === 0;
  role(element, "reads-rows").replaceChildren(...reads.map(makeRow));
}

function makeRow({ case_name: name, read, first_reader: first, model }) {
  const link = make("a", { href: `/cases/${read.case_id}`, textContent: name });
  return make("tr", {}, make("th", { scope: "row" }, link),
    make("td", { textContent: `${read.reader}, ${read.closed_at.slice(0, 10)}` }), agreement(first), agreement(model));
}

function agreement(found) {
  if (!found) return make("td", { textContent: _("no cell decided by both") });
  const alike = _("{same} of {cells} alike", { same: whole(found.same), cells: cellsWords(found.n_cells) });
  return make("td", { textContent: kappaWords(found.kappa) }, make("small", { textContent: alike }));
}
