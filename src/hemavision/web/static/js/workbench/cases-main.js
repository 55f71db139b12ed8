/** Wires the list of cases: search, a new case, its images. */

import { createApi, loginAddress, Problem } from "../api.js";
import { role, write } from "../components/dom.js";
import { mountCaseList, mountNewCase } from "./components/cases.js";
import { mountImporter } from "./components/importer.js";

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const SEARCH_MS = 160;
const PAGE = 50;

const api = createApi(() => window.location.assign(loginAddress(window.location)));
const importer = mountImporter(document.body, { api, maxBodyMb: Number(document.body.dataset.maxBodyMb) });
const list = mountCaseList({ table: part("list"), empty: part("empty"), more: part("more"), total: part("total") });
const form = mountNewCase(part("new-case"));
const wish = { search: "", state: "", asked: 0, shown: 0 };

async function search({ more = false } = {}) {
  const mine = (wish.asked += 1);
  const offset = more ? wish.shown : 0;
  const query = new URLSearchParams({ limit: String(PAGE), offset: String(offset) });
  if (wish.search) query.set("search", wish.search);
  if (wish.state) query.set("state", wish.state);
  try {
    const { cases, total } = await api.get(`/cases?${query}`);
    if (mine !== wish.asked) return; // the reader has typed on
    wish.shown = offset + cases.length;
    list.show(cases, { total, more, searched: Boolean(wish.search || wish.state) });
    write(part("list-error"), "");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    write(part("list-error"), error.message);
  }
}

async function create({ name, slide, files }) {
  try {
    form.wait(true);
    const { case: made } = await api.make("/cases", { name, slide });
    const address = `/cases/${made.id}`;
    if (!files.length) {
      window.location.assign(address);
      return;
    }
    form.clear();
    await search();
    await importer.bring(made.id, files, { onEnd: () => search(), link: address });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    form.fail(error.words.detail);
  } finally {
    form.wait(false);
  }
}

async function begin() {
  try {
    const { reader, accounts } = await api.session();
    part("who").hidden = !accounts;
    write(role(part("who"), "reader"), reader?.name ?? "");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    write(part("list-error"), error.message);
    return;
  }
  await search();
}

let timer = 0;
part("search").addEventListener("input", ({ target }) => {
  wish.search = target.value.trim();
  clearTimeout(timer);
  timer = setTimeout(search, SEARCH_MS);
});
part("states").addEventListener("change", ({ target }) => {
  wish.state = target.value;
  search();
});
document.addEventListener("click", async ({ target }) => {
  const act = target.closest?.("button")?.dataset.act;
  if (act === "more-cases") search({ more: true });
  if (act === "pick-images") part("picker").click();
  if (act === "pick-folder") part("folder-picker").click();
  if (act === "log-out") {
    await api.destroy("/session").catch(() => null);
    window.location.assign("/login");
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest?.("input, textarea")) return;
  event.preventDefault();
  part("search").focus();
});
document.addEventListener("files-chosen", ({ detail: { files } }) => form.take(files));
document.addEventListener("case-wanted", ({ detail }) => create(detail));
window.addEventListener("beforeunload", (event) => {
  if (importer.busy) event.preventDefault();
});
begin();
