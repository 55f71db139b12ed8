/**
 * Images into a case: by drop, picker or paste, with a bar. What stopped goes on where it stopped:
 * files that the case has already, by their content, are not sent again. Says `files-chosen`.
 */

import { Problem } from "../../api.js";
import { make, role, tell, write } from "../../components/dom.js";
import { carriesFiles } from "../../intake.js";
import { digestOf, elsewhereWords, failed, filesOf, inLoads, isWanted, nothingYet, partKnown, resultWords, summed } from "../imports.js";
import { importWords } from "../words.js";
import { _ } from "../../words.js";

/** What the server says of a file, and not of the case or of who asks. */
const OF_A_FILE = new Set([400, 413, 415, 422]);
const RETRIES = 5;
const RETRY_MS = 1500;

/** Return {bring(caseId, files, {onBatch, onEnd, link}), busy}. */
export function mountImporter(root, { api, maxBodyMb }) {
  const element = root.querySelector("[data-part=importer]");
  const fits = ({ size }) => size <= maxBodyMb * 2 ** 20;
  const tooLarge = _("larger than the {most} MiB that this server takes at once. Choose the folder instead of an archive, or bring it in by the command line.", { most: maxBodyMb });
  const run = { paused: false, going: false, wake: null };
  mountWays(root);
  element.addEventListener("click", ({ target }) => {
    const act = target.closest("button")?.dataset.act;
    if (act === "import-paused") pause(true);
    if (act === "import-resumed") pause(false);
    if (act === "import-closed") element.hidden = true;
  });

  function pause(paused) {
    const held = element.contains(document.activeElement);
    run.paused = paused;
    role(element, "pause").hidden = paused;
    role(element, "resume").hidden = !paused;
    write(role(element, "importer-title"), paused ? _("Paused") : _("Bringing in images"));
    if (held) role(element, paused ? "resume" : "pause").focus();
    if (!paused) run.wake?.();
  }

  async function bring(caseId, files, { onBatch = () => {}, onEnd = () => {}, link = null } = {}) {
    if (run.going || !files.length) return;
    run.going = true;
    begin(element);
    pause(false);
    let [sum, done] = [nothingYet, 0];
    show(element, sum, done, files.length);
    try {
      const { images } = await api.get(`/cases/${caseId}/images`);
      const known = new Map(images.map(({ sha256, name }) => [sha256, name]));
      for (const load of inLoads(files, maxBodyMb)) {
        if (run.paused) await new Promise((resolve) => { run.wake = resolve; });
        const { fresh, there } = await partKnown(load.filter(fits), known, digestOf);
        const { results, case: found } = fresh.length ? await send(caseId, fresh) : { results: [], case: null };
        const large = load.filter((file) => !fits(file)).map((file) => failed(file, tooLarge));
        sum = summed(sum, [...large, ...there, ...results]);
        done += load.length;
        show(element, sum, done, files.length);
        if (found) onBatch(found);
      }
      write(role(element, "importer-title"), _("Images brought in"));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      write(role(element, "importer-title"), _("Stopped"));
      write(role(element, "import-trouble"), `${error.message} ${_("What is in stays in: choose the same files again to go on.")}`);
    } finally {
      run.going = false;
      finish(element, link);
      await onEnd(sum);
    }
  }

  /** Send a load; a server that does not answer is asked again: what it has it knows. */
  async function send(caseId, load) {
    for (let attempt = 1; ; attempt += 1) {
      const form = new FormData();
      for (const file of load) form.append("images", file, file.name);
      try {
        const answer = await api.upload(`/cases/${caseId}/images`, form);
        write(role(element, "import-trouble"), "");
        return answer;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (OF_A_FILE.has(error.status)) {
          return load.length === 1 ? { results: [failed(load[0], error.words.detail)], case: null } : inTurn(caseId, load);
        }
        if (error.status < 500 || attempt > RETRIES) throw error;
        write(role(element, "import-trouble"), `${error.message} ${_("Trying again…")}`);
        await new Promise((resolve) => { setTimeout(resolve, RETRY_MS * attempt); });
      }
    }
  }

  /** One file that the server refuses must not keep the others out: send each alone. */
  async function inTurn(caseId, load) {
    const results = [];
    let found = null;
    for (const file of load) {
      const answer = await send(caseId, [file]);
      results.push(...answer.results);
      found = answer.case ?? found;
    }
    return { results, case: found };
  }

  return { bring, get busy() { return run.going; } };
}

function begin(element) {
  element.hidden = false;
  role(element, "close").hidden = true;
  role(element, "open-case").hidden = true;
  write(role(element, "import-trouble"), "");
}

function show(element, sum, done, total) {
  element.querySelector("progress").value = total ? done / total : 0;
  write(role(element, "import-words"), `${_("{done} of {total}", { done, total })} · ${importWords(sum)}`);
  role(element, "import-details").hidden = sum.told.length === 0;
  write(role(element, "details-words"), [_("{n} to know of", { n: sum.told.length }), elsewhereWords(sum)].filter(Boolean).join(": "));
  const list = role(element, "import-list");
  list.append(...sum.told.slice(list.children.length).map((result) => {
    const item = make("li", { textContent: resultWords(result) });
    item.dataset.result = result.result;
    return item;
  }));
  if (done === 0) list.replaceChildren();
}

function finish(element, link) {
  for (const name of ["pause", "resume"]) role(element, name).hidden = true;
  role(element, "close").hidden = false;
  role(element, "open-case").hidden = link === null;
  if (link) role(element, "open-link").href = link;
}

function mountWays(root) {
  const veil = root.querySelector("[data-part=veil]");
  let depth = 0;
  const lift = (by) => {
    depth = by === 0 ? 0 : Math.max(0, depth + by);
    veil.classList.toggle("visible", depth > 0);
  };
  root.addEventListener("dragenter", (event) => carriesFiles(event.dataTransfer) && lift(1));
  root.addEventListener("dragleave", (event) => carriesFiles(event.dataTransfer) && lift(-1));
  root.addEventListener("dragover", (event) => carriesFiles(event.dataTransfer) && event.preventDefault());
  root.addEventListener("drop", async (event) => {
    lift(0);
    if (!carriesFiles(event.dataTransfer)) return;
    event.preventDefault();
    const files = await filesOf(event.dataTransfer);
    if (files.length) tell(root, "files-chosen", { files });
  });
  root.addEventListener("paste", ({ clipboardData }) => {
    const files = [...(clipboardData?.files ?? [])];
    if (files.length) tell(root, "files-chosen", { files });
  });
  for (const name of ["picker", "folder-picker"]) {
    const picker = root.querySelector(`[data-part=${name}]`);
    picker.addEventListener("change", () => {
      const files = [...picker.files].filter(isWanted);
      picker.value = "";
      if (files.length) tell(root, "files-chosen", { files });
    });
  }
}
