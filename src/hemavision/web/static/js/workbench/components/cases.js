/** The cases, and the form for a new one. Says `case-wanted`. */

import { make, role, tell, write } from "../../components/dom.js";
import { agoWords, cellsWords, stateWords, timeWords } from "../words.js";
import { _, n_, number, whole } from "../../words.js";

/** A row each: what, how far, by whom and when. Return {show(cases, {total, more, searched})}. */
export function mountCaseList({ table, empty, more: moreButton, total: totalWords }) {
  const rows = role(table, "rows");
  return {
    show(cases, { total, more, searched }) {
      const made = cases.map(makeRow);
      if (more) rows.append(...made);
      else rows.replaceChildren(...made);
      table.hidden = total === 0;
      empty.hidden = total > 0;
      write(empty, searched ? _("No case matches.") : _("No cases yet: drop the images of a slide on this page."));
      moreButton.hidden = rows.children.length >= total;
      write(totalWords, total ? n_("{n} case", "{n} cases", total, { n: whole(total) }) : "");
    },
  };
}

function makeRow(found) {
  const { id, name, slide, state, version, counts, images } = found;
  const link = make("a", { className: "case-name", href: `/cases/${id}`, textContent: name });
  const sub = make("span", { className: "case-sub", textContent: [slide, n_("{n} image", "{n} images", images, { n: whole(images) }), _("no. {number}", { number: id })].filter(Boolean).join(" · ") });
  const chip = make("span", { className: "state-chip", textContent: stateWords(state) + (version > 1 ? ` · v${version}` : "") });
  chip.dataset.state = state;
  const when = make("td", { className: "case-when" }, make("time", { dateTime: found.updated_at, textContent: agoWords(found.updated_at) }), make("span", { className: "case-sub", textContent: _("by {who}", { who: found.updated_by }) }));
  return make("tr", {}, make("td", {}, link, sub), make("td", {}, chip), makeProgress(counts), when);
}

function makeProgress({ cells, decided, undecided }) {
  const fill = make("i");
  fill.style.setProperty("transform", `scaleX(${cells ? decided / cells : 0})`);
  const unfamiliar = undecided.unfamiliar ? `, ${_("{n} unfamiliar", { n: undecided.unfamiliar })}` : "";
  const words = cells ? `${_("{decided} of {cells}", { decided: whole(decided), cells: cellsWords(cells) })}${unfamiliar}` : _("no cells");
  const bar = make("span", { className: "thin-bar" }, fill);
  bar.setAttribute("aria-hidden", "true");
  return make("td", { className: "numbers" }, make("span", { textContent: words }), bar);
}

/** The form; files come from anywhere on the page. Return {take(files), fail(words), wait(on), clear()}. */
export function mountNewCase(form) {
  let files = [];
  const field = (name) => form.elements.namedItem(name);

  const show = () => {
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    const chosen = role(form, "chosen");
    chosen.parentElement.dataset.any = String(files.length > 0);
    write(chosen, files.length
      ? n_("{n} file, {size} MB", "{n} files, {size} MB", files.length, { n: whole(files.length), size: number(bytes / 2 ** 20, 1) })
      : _("No images chosen yet; they can be added later."));
    write(role(form, "create"), files.length ? _("Create and bring them in") : _("Create the case"));
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = field("name").value.trim() || folderOf(files) || _("Case of {when}", { when: timeWords(new Date().toISOString()) });
    tell(form, "case-wanted", { name, slide: field("slide").value.trim(), files });
  });
  return {
    take(more) {
      files = [...files, ...more];
      show();
      field("name").focus();
    },
    fail(words) { write(role(form, "error"), words); },
    wait(on) { role(form, "create").disabled = on; },
    clear() {
      files = [];
      form.reset();
      write(role(form, "error"), "");
      show();
    },
  };
}

/** Return the name of the folder that files came in, or of the one archive; "" for loose files. */
function folderOf(files) {
  const folder = files[0]?.webkitRelativePath?.split("/")[0];
  if (folder) return folder;
  return files.length === 1 && /\.zip$/i.test(files[0].name) ? files[0].name.slice(0, -4) : "";
}
