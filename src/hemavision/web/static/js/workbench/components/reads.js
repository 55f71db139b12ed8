/** Second readings: begin one, finish or drop it, see how far it agrees. Says `read-begun`, `read-closed`, `agreement-wanted`. */

import { make, role, tell, write } from "../../components/dom.js";
import { numberFrom } from "../entered.js";
import { binWords, cellsWords, kappaWords, shareWords, timeWords } from "../words.js";
import { fillSlides } from "./slides.js";

/** Return {open(state, reads), fail(words), close}. */
export function mountReads(dialog) {
  dialog.querySelector("form").addEventListener("submit", (event) => {
    if (event.submitter?.value === "cancel") return;
    event.preventDefault();
    const all = dialog.querySelector("[name=extent][value=all]").checked;
    const sample = all ? null : numberFrom(role(dialog, "sample").value);
    if (!all && !Number.isInteger(sample)) role(dialog, "sample").focus();
    else tell(dialog, "read-begun", { sample });
  });
  role(dialog, "sample").addEventListener("focus", () => { dialog.querySelector("[name=extent][value=sample]").checked = true; });
  role(dialog, "reads").addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button) tell(button, "agreement-wanted", { id: Number(button.dataset.read) });
  });
  return {
    open(reads) {
      role(dialog, "reads").replaceChildren(...reads.map(makeRead));
      role(dialog, "none").hidden = reads.length > 0;
      write(role(dialog, "error"), "");
      dialog.showModal();
    },
    fail(words) { write(role(dialog, "error"), words); },
    close() { dialog.close(); },
  };
}

function makeRead({ id, reader, state, cells, decided, opened_at: at, closed_at: closed }) {
  const words = `${reader}, ${timeWords(closed ?? at)}: ${cellsWords(cells)}, ${state === "open" ? `open, ${decided} decided` : state}`;
  const button = make("button", { type: "button", className: "button quiet", textContent: "Agreement", hidden: state !== "finished" });
  button.dataset.read = id;
  return make("li", {}, make("span", { textContent: words }), button);
}

/** Return {open(state)}: finish the second reading that is open, or give it up. */
export function mountFinishing(dialog) {
  dialog.addEventListener("click", ({ target }) => {
    const button = target.closest("button[data-close]");
    if (button) tell(button, "read-closed", { how: button.dataset.close });
  });
  return {
    open(left) {
      write(role(dialog, "words"), left
        ? `${cellsWords(left)} ${left === 1 ? "is" : "are"} left to read. It can be finished when every cell of it is decided.`
        : "Every cell is decided. After finishing, your reading is compared with the first one and with the model.");
      role(dialog, "finish").disabled = left > 0;
      write(role(dialog, "error"), "");
      dialog.showModal();
    },
    fail(words) { write(role(dialog, "error"), words); },
    close() { dialog.close(); },
  };
}

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
