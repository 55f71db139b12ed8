/** The cases, and the form for a new one. Says `case-wanted`. */

import { make, role, tell, write } from "../../components/dom.js";
import { agoWords, cellsWords, stateWords, timeWords } from "../words.js";

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

/** The form; files come from anywhere on the page. Return {take(files), fail(words), wait(on), clear()}. */
export function mountNewCase(form) {
  let files = [];
  const field = (name) => form.elements.namedItem(name);

  const show = () => {
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    const chosen = role(form, "chosen");
    chosen.parentElement.dataset.any = String(files.length > 0);
    write(chosen, files.length
      ? `${files.length.toLocaleString("en-GB")} ${files.length === 1 ? "file" : "files"}, ${(bytes / 2 ** 20).toFixed(1)} MB`
      : "No images chosen yet; they can be added later.");
    write(role(form, "create"), files.length ? "Create and bring them in" : "Create the case");
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = field("name").value.trim() || folderOf(files) || `Case of ${timeWords(new Date().toISOString())}`;
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
