/** Second readings of all cases, a row each. Says nothing. */

import { make, role, write } from "../../components/dom.js";
import { cellsWords, kappaWords } from "../words.js";

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
