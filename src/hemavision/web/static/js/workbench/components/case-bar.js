/**
 * What is said of a case as a whole: its head, with what it is, how far, and what can be done with it;
 * the banner, the notices, the log. Says `act-…`.
 */

import { make, role, tell, write } from "../../components/dom.js";
import { isTyped } from "../entered.js";
import { isReadOnly, undecided } from "../state.js";
import { awayWords, entryWords, stateWords, timeWords } from "../words.js";
import { _, language, whole } from "../../words.js";

const FORMATS = ["html", "pdf", "csv", "json", "fhir"];
const INFO_MS = 9000;

export function mountCaseBar(element) {
  element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.act) tell(button, button.dataset.act);
  });
  const menu = element.querySelector("details");
  menu.addEventListener("focusout", ({ relatedTarget }) => {
    if (!menu.contains(relatedTarget)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  role(element, "formats").replaceChildren(...FORMATS.map((format) => {
    const link = make("a", { textContent: format.toUpperCase(), target: format === "html" || format === "pdf" ? "_blank" : "", rel: "noopener" });
    link.dataset.format = format;
    return make("li", {}, link);
  }));

  return function update(state, before) {
    if (!state.case) return;
    const { case: found, reading, me } = state;
    write(role(element, "name"), found.name);
    write(role(element, "slide"), found.slide);
    write(role(element, "state"), stateWords(found.state));
    role(element, "state").dataset.state = found.state;
    write(role(element, "version"), found.version > 1 ? _("version {number}", { number: found.version }) : "");
    write(role(element, "reader"), me ? me.name : "");
    fillProgress(element, state);
    fillButtons(element, state);
    if (state.suggestions !== before.suggestions || state.case !== before.case || state.versions !== before.versions) fillReports(element, state);
    role(element, "report-menu").hidden = reading !== null;
    role(element, "logout").hidden = !state.accounts;
  };
}

function fillProgress(element, state) {
  const left = undecided(state).length;
  const total = state.cells.size;
  write(role(element, "progress-words"), total ? _("{done} of {total} decided", { done: whole(total - left), total: whole(total) }) : "");
  role(element, "progress").style.setProperty("transform", `scaleX(${total ? (total - left) / total : 0})`);
  write(role(element, "saved"), savedWords(state));
}

function savedWords({ away, wishes, typed }) {
  if (!wishes.size && !isTyped(typed)) return _("Saved");
  return away ? _("Not saved") : _("Saving…");
}

/** The strip that says that the server is away, and what waits for it. */
export function mountConnection(element) {
  return function update({ away, wishes, typed }) {
    element.hidden = !away;
    if (away) write(role(element, "words"), awayWords(wishes.size, isTyped(typed)));
  };
}

function fillButtons(element, state) {
  const { case: found, reading, me, history } = state;
  const signed = found.state === "signed";
  const button = (act) => element.querySelector(`[data-act="${act}"]`);
  button("act-undo").disabled = !history.done.length || isReadOnly(state);
  button("act-redo").disabled = !history.undone.length || isReadOnly(state);
  button("act-add").hidden = signed || reading !== null;
  button("act-sign").hidden = signed || reading !== null;
  button("act-sign").disabled = state.cells.size === 0;
  button("act-amend").hidden = !signed || reading !== null || me?.role === "reader";
  button("act-finish").hidden = reading === null;
  for (const act of ["act-log", "act-reads"]) button(act).hidden = reading !== null;
}

/** A signed case has no suggestions left: its report hangs on nothing but the case. */
function fillReports(element, { case: { id, state, version }, versions, suggestions }) {
  const counted = suggestions && state !== "signed" ? { suggestions } : {};
  for (const link of role(element, "formats").querySelectorAll("a")) {
    link.href = reportAddress(id, link.dataset.format, counted);
  }
  const earlier = versions.filter((one) => one.signed_at && one.version < version);
  role(element, "earlier").replaceChildren(...earlier.map((one) => make("li", {}, make("a", {
    textContent: _("Version {number}, as signed {when}", { number: one.version, when: timeWords(one.signed_at) }), target: "_blank", rel: "noopener",
    href: reportAddress(id, "html", { version: one.version }),
  }))));
}

/** In the page's language, where that is another than the API's. */
function reportAddress(id, format, wish) {
  const query = new URLSearchParams(language === "en" ? wish : { ...wish, language });
  return `/api/v1/cases/${id}/report.${format}${query.size ? `?${query}` : ""}`;
}

/** The strip over the gallery of a signed case and of a second reading. */
export function mountBanner(element) {
  return function update({ case: found, versions, reading }) {
    const signed = found?.state === "signed" && reading === null;
    element.hidden = !signed && reading === null;
    element.dataset.kind = reading ? "blind" : "signed";
    if (reading) {
      write(role(element, "words"), _("Second reading, blind: neither the first reader's decisions nor the model's are shown."));
    } else if (signed) {
      const last = versions.findLast((version) => version.signed_at);
      write(role(element, "words"), last
        ? _("Signed by {who}, {when}. Read-only; an amendment opens it again.", { who: last.signed_by, when: timeWords(last.signed_at) }) : _("Signed. Read-only."));
    }
  };
}

/**
 * Short messages: what went wrong stays until it is dismissed, the rest a while. Says
 * `notice-dismissed`, `cell-wanted`.
 */
export function mountNotices(element) {
  const shown = new Map();
  element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    if (button.dataset.cell) tell(button, "cell-wanted", { id: Number(button.dataset.cell) });
    tell(element, "notice-dismissed", { id: Number(button.dataset.id) });
  });
  return function update({ notices }) {
    for (const [id, item] of shown) {
      if (notices.some((notice) => notice.id === id)) continue;
      item.remove();
      shown.delete(id);
    }
    for (const notice of notices) {
      if (shown.has(notice.id)) continue;
      const item = makeNotice(notice);
      shown.set(notice.id, item);
      element.append(item);
      if (notice.kind === "info") leave(item, notice.id);
    }
  };
}

/** Take a message away after a while, but not from under the pointer or the focus. */
function leave(item, id) {
  setTimeout(() => {
    if (!item.isConnected) return;
    if (item.matches(":hover, :focus-within")) leave(item, id);
    else tell(item, "notice-dismissed", { id });
  }, INFO_MS);
}

function makeNotice({ id, words, kind, ids }) {
  const show = ids.length ? [make("button", { type: "button", className: "button quiet", textContent: ids.length === 1 ? _("Show it") : _("Show the first") })] : [];
  for (const button of show) Object.assign(button.dataset, { id, cell: ids[0] });
  const close = make("button", { type: "button", className: "button quiet", textContent: _("Dismiss") });
  close.dataset.id = id;
  const item = make("div", { className: "notice-item" }, make("p", { textContent: words }), ...show, close);
  item.dataset.kind = kind;
  return item;
}

/** Who did what in the case, newest first, some at a time. `load(offset)` resolves to {entries, total}. */
export function mountLog(dialog, load) {
  const list = role(dialog, "entries");
  let shown = 0;
  const more = async () => {
    const { entries, total } = await load(shown);
    shown += entries.length;
    list.append(...entries.map(logRow));
    role(dialog, "log-more").hidden = shown >= total;
    write(role(dialog, "log-total"), _("{n} entries, each sealed with all before it.", { n: whole(total) }));
  };
  role(dialog, "log-more").addEventListener("click", more);
  return {
    async open() {
      shown = 0;
      list.replaceChildren();
      dialog.showModal();
      await more();
    },
  };
}

function logRow(entry) {
  const seal = make("code", { textContent: entry.hash.slice(0, 10), title: _("Seal {hash}", entry) });
  return make(
    "li", {}, make("time", { dateTime: entry.at, textContent: timeWords(entry.at) }), make("b", { textContent: entry.who }),
    make("span", { textContent: entryWords(entry) }), seal);
}
