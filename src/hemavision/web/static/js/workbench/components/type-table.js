/** What the model said against what readers decided, type by type. Says nothing. */

import { make, role, write } from "../../components/dom.js";
import { differences, differenceWords } from "../over-time.js";
import { binWords } from "../words.js";

const MOST_DIFFERENCES = 5;

/** Return show(table, types): `table` is over-time.js's. */
export function mountTypeTable(element) {
  return function show(table, types) {
    const name = (type) => binWords(type, types);
    const head = make("tr", {}, make("th", { scope: "col", textContent: "The model said" }),
      ...table.readers.map((reader) => make("th", { scope: "col", textContent: name(reader) })), make("th", { scope: "col", textContent: "Cells" }));
    role(element, "type-head").replaceChildren(head);
    role(element, "type-rows").replaceChildren(...table.models.map((model) => makeRow(table, model, name)));
    const found = differences(table);
    role(element, "differences").replaceChildren(...found.slice(0, MOST_DIFFERENCES).map((pair) => make(
      "li", { textContent: differenceWords(pair, name) })));
    write(role(element, "differences-words"), found.length ? "Readers most often changed:" : "Readers changed nothing.");
  };
}

function makeRow({ readers, count, total }, model, name) {
  const all = total(model);
  const cells = readers.map((reader) => {
    const here = count(model, reader);
    const cell = make("td", { textContent: here ? here.toLocaleString("en-GB") : "·" });
    if (here) cell.append(make("small", { textContent: `${((100 * here) / all).toFixed(0)}%` }));
    cell.dataset.kind = here ? (reader === model ? "same" : "other") : "none";
    cell.style.setProperty("--share", (here / all).toFixed(3));
    return cell;
  });
  return make("tr", {}, make("th", { scope: "row", textContent: name(model) }), ...cells, make("td", { textContent: all.toLocaleString("en-GB") }));
}
