/**
 * The dialogs that end a round of a case, begin the next or a second reading, and ask why. Say
 * `sign-confirmed`, `cell-wanted`, `read-begun`, `read-closed`, `agreement-wanted`.
 */

import { make, role, tell, write } from "../../components/dom.js";
import { galleryOrder, groupCells } from "../cells.js";
import { numberFrom } from "../entered.js";
import { undecided } from "../state.js";
import { binWords, cellsWords, cutWords, round, timeWords } from "../words.js";
import { _, n_, percentage, said, whole } from "../../words.js";

const MOST_SHOWN = 12;

/** Return {open(state, refusedIds), fail(words), close}. */
export function mountSigning(dialog, addresses) {
  let uncounted = false; // whether the cells left are to stay out of the count
  // The report's pictures are made meanwhile: a second press would sign what is signed.
  const busy = (on) => {
    dialog.dataset.busy = String(on);
    write(role(dialog, "confirm-words"), on ? _("Signing…") : _("Sign"));
  };
  dialog.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.cell) {
      dialog.close();
      tell(button, "cell-wanted", { id: Number(button.dataset.cell) });
    }
    if (button?.dataset.act !== "sign-confirmed" || dialog.dataset.busy === "true") return;
    busy(true);
    tell(button, "sign-confirmed", { acknowledged: named(dialog).map(({ value }) => value), uncounted });
  });
  role(dialog, "critical").addEventListener("change", ({ target }) => {
    allow(dialog);
    if (target.checked) (boxes(dialog).find(({ checked }) => !checked) ?? role(dialog, "confirm")).focus();
  });
  return {
    open(state, refused = []) {
      busy(false);
      const left = undecided(state);
      // Which a signature may leave out the server says; what it refused it does not leave.
      uncounted = left.length > 0 && !refused.length && state.numbers?.uncounted === left.length;
      const stays = uncounted ? [] : left.length ? left : refused.map((id) => state.cells.get(id)).filter(Boolean);
      const order = groupCells(stays, galleryOrder(state.types)).flatMap(({ cells }) => cells);
      write(role(dialog, "words"), signWords(state, order.length));
      write(role(dialog, "short"), order.length ? "" : shortWords(state));
      write(role(dialog, "rest"), uncounted ? restWords(left, state.numbers) : "");
      role(dialog, "confirm").hidden = order.length > 0;
      role(dialog, "left").replaceChildren(...order.slice(0, MOST_SHOWN).map((cell) => makeCell(cell, addresses)));
      const more = order.length - MOST_SHOWN;
      write(role(dialog, "more"), more > 0 ? _("and {n} more", { n: whole(more) }) : "");
      role(dialog, "counts").replaceChildren(...(order.length ? [] : countRows(state)));
      role(dialog, "critical").replaceChildren(...(order.length ? [] : criticalRows(state, addresses)));
      role(dialog, "acknowledge").hidden = !role(dialog, "critical").children.length;
      allow(dialog);
      write(role(dialog, "error"), "");
      if (!dialog.open) dialog.showModal();
      const first = order.length ? role(dialog, "left").querySelector("button") : role(dialog, "critical").querySelector("input");
      (first ?? role(dialog, "confirm")).focus();
    },
    fail(words) {
      busy(false);
      write(role(dialog, "error"), words);
    },
    close() { dialog.close(); },
  };
}

function signWords(state, left) {
  if (left) {
    return n_("{n} cell is undecided. A case can be signed when every cell has been decided on by a person, or as many white cells as it aims at.",
      "{n} cells are undecided. A case can be signed when every cell has been decided on by a person, or as many white cells as it aims at.", left, { n: whole(left) });
  }
  const seen = [...state.cells.keys()].filter((id) => state.seen.has(id)).length;
  const cut = state.cut.length ? ` ${cutWords(state.cut.length)}.` : "";
  const decided = state.cells.size - undecided(state).length;
  const cells = cellsWords(state.cells.size);
  const signed = decided < state.cells.size
    ? n_("You sign {decided} of {cells} as decided; {n} of all was on this screen.", "You sign {decided} of {cells} as decided; {n} of all were on this screen.",
      seen, { n: whole(seen), decided: whole(decided), cells })
    : n_("You sign {cells} as decided; {n} of them was on this screen.", "You sign {cells} as decided; {n} of them were on this screen.",
      seen, { n: whole(seen), cells });
  return `${signed}${cut} ${_("After that the case is read-only; an amendment makes a new version and needs a reason.")}`;
}

function shortWords({ numbers }) {
  const found = numbers?.differential;
  if (!found || found.missing === 0) return "";
  return _("{total} white cells are counted, {missing} short of the {target} aimed at. You can sign all the same.", found);
}

function countRows({ numbers, types }) {
  return (numbers?.differential.shares ?? []).filter(({ count }) => count).map(({ cell_type: name, count, percent }) =>
    make("li", {}, make("span", { textContent: binWords(name, types) }), make("span", { textContent: `${count} · ${percentage(round(percent))}` })));
}

const boxes = (dialog) => [...role(dialog, "critical").querySelectorAll("input")];
const named = (dialog) => boxes(dialog).filter(({ checked }) => checked);

/** What the count does without: words for the sheet. */
function restWords(left, { differential }) {
  const doubtful = left.filter(({ suggestion }) => suggestion?.status !== "confident").length;
  const doubted = doubtful ? ` ${n_("The model doubts {n} of them.", "The model doubts {n} of them.", doubtful, { n: whole(doubtful) })}` : "";
  const rest = n_("{n} further cell will not be counted: the count stopped at {total}.", "{n} further cells will not be counted: the count stopped at {total}.",
    left.length, { n: whole(left.length), total: whole(differential.total) });
  return `${rest}${doubted} ${_("The report says so; D, or G, goes on with them.")}`;
}

/** Nobody signs before every critical type is named. */
function allow(dialog) {
  role(dialog, "confirm").disabled = named(dialog).length < boxes(dialog).length;
}

function criticalRows({ numbers, types, cells }, addresses) {
  return (numbers?.critical ?? []).map(({ cell_type: name, types: covered, count, per_100: share, source, uncounted }) => {
    const nameOf = ({ decided_type: decided, suggestion }) => decided
      ?? (!uncounted ? null : suggestion?.status === "unfamiliar" ? "unidentified" : suggestion?.cell_type);
    const of = [...cells.values()].filter((cell) => covered.includes(nameOf(cell))).slice(0, MOST_SHOWN);
    const beyond = uncounted ? `, ${_("{n} of them not counted", { n: whole(uncounted) })}` : "";
    const words = `${binWords(name, types)}: ${cellsWords(count)}${share === null ? "" : `, ${_("{n} for each 100 white cells", { n: round(share) })}`}${beyond}`;
    return make("li", {},
      make("label", { className: "plain-check", title: said(source) }, make("input", { type: "checkbox", value: name }), make("span", { textContent: words })),
      make("div", { className: "minis" }, ...of.map((cell) => makeCell(cell, addresses))));
  });
}

function makeCell(cell, addresses) {
  const button = make("button", { type: "button", className: "mini", title: _("Show cell {id}", cell) }, make("img", { src: addresses.thumbnail(cell.id), alt: _("Cell {id}", cell) }));
  button.dataset.cell = cell.id;
  return button;
}

/** A dialog that asks for a reason. Says `says` with it and what it was opened about; {open(about, words), fail, close}. */
export function mountReason(dialog, says) {
  const reason = dialog.querySelector("textarea");
  let subject = {};
  dialog.querySelector("form").addEventListener("submit", (event) => {
    if (event.submitter?.value === "cancel") return;
    event.preventDefault();
    if (reason.value.trim()) tell(dialog, says, { ...subject, reason: reason.value.trim() });
    else reason.focus();
  });
  return {
    open(about = {}, words = null) {
      subject = about;
      reason.value = "";
      if (words !== null) write(role(dialog, "words"), words);
      write(role(dialog, "error"), "");
      dialog.showModal();
      reason.focus();
    },
    fail(words) { write(role(dialog, "error"), words); },
    close() { dialog.close(); },
  };
}

/** Begin a second reading, or see how far one agrees. Return {open(reads), fail(words), close}. */
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
  const words = `${reader}, ${timeWords(closed ?? at)}: ${cellsWords(cells)}, ${state === "open" ? _("open, {n} decided", { n: decided }) : _(state)}`;
  const button = make("button", { type: "button", className: "button quiet", textContent: _("Agreement"), hidden: state !== "finished" });
  button.dataset.read = id;
  return make("li", {}, make("span", { textContent: words }), button);
}

/** Finish the second reading that is open, or give it up. Return {open(left), fail(words)}. */
export function mountFinishing(dialog) {
  dialog.addEventListener("click", ({ target }) => {
    const button = target.closest("button[data-close]");
    if (button) tell(button, "read-closed", { how: button.dataset.close });
  });
  return {
    open(left) {
      write(role(dialog, "words"), left
        ? n_("{n} cell is left to read. It can be finished when every cell of it is decided.",
          "{n} cells are left to read. It can be finished when every cell of it is decided.", left, { n: whole(left) })
        : _("Every cell is decided. After finishing, your reading is compared with the first one and with the model."));
      role(dialog, "finish").disabled = left > 0;
      write(role(dialog, "error"), "");
      dialog.showModal();
    },
    fail(words) { write(role(dialog, "error"), words); },
  };
}
