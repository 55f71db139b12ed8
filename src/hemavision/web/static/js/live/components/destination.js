/** Where a snapshot goes: files, or a case; and what became of the last one. */

import { make, role, tell } from "../../components/dom.js";
import { CASE, NEW_CASE } from "../filing.js";

export function mountDestination(element) {
  const select = element.querySelector("select");
  const outcome = role(element, "outcome");
  let [listed, told] = [null, null];

  element.addEventListener("change", ({ target }) => {
    if (target === select) tell(element, "case-chosen", { caseId: select.value });
    else tell(element, "destination-chosen", { destination: target.value });
  });

  return function update(filing) {
    for (const radio of element.querySelectorAll("input")) radio.checked = radio.value === filing.destination;
    role(element, "which").hidden = filing.destination !== CASE;
    if (listed !== filing.cases) select.replaceChildren(...optionsOf(filing.cases));
    listed = filing.cases;
    select.value = filing.caseId;
    if (told === (filing.busy || filing.outcome)) return; // said anew only when there is news
    told = filing.busy || filing.outcome;
    outcome.dataset.well = String(filing.outcome?.well ?? true);
    outcome.replaceChildren(...outcomeParts(filing));
  };
}

function optionsOf(cases) {
  const own = cases.map(({ id, name, slide }) =>
    make("option", { value: String(id), textContent: slide ? `${name} · ${slide}` : name }));
  return [...own, make("option", { value: NEW_CASE, textContent: "New case…" })];
}

function outcomeParts({ busy, outcome }) {
  if (busy) return ["Looking for its cells…"];
  if (!outcome) return [];
  const { words, link } = outcome;
  return link ? [words, " ", make("a", { href: link.href, textContent: link.words })] : [words];
}

/** Return a function that asks for a new case's name in a dialog: the name, or null. */
export function mountCaseName(dialog) {
  const entry = dialog.querySelector("input");
  dialog.querySelector("[type=button]").addEventListener("click", () => dialog.close());
  return () => new Promise((resolve) => {
    entry.value = ""; // a form's own reset would say `reset`, which empties the count
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "make" ? entry.value.trim() : null);
    }, { once: true });
    dialog.showModal();
  });
}
