/** Wires the page of the model against the readers: what is asked for, and what shows it. */

import { createApi, loginAddress, Problem } from "../api.js";
import { make, write } from "../components/dom.js";
import { _ } from "../words.js";
import { fillReads, fillSlides } from "./components/agreement.js";
import { mountTimeChart, mountTypeTable } from "./components/over-time.js";
import { ALL, periodWords, pointsOf, tableOf } from "./over-time.js";

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const types = [...part("slides-type").options].map(({ value, text }) => ({ name: value, display_name: text }));
const api = createApi(() => window.location.assign(loginAddress(window.location)));
const showChart = mountTimeChart(part("over-time"));
const showTypes = mountTypeTable(part("by-type"));
const wish = { period: "month", status: ALL, chosen: ALL, asked: 0 };
/** What could not be had, by what was asked; each goes when its own question is answered. */
const troubles = new Map();
let periods = [];

function draw() {
  const points = pointsOf(periods, wish.status);
  showChart(points);
  write(part("none-such"), periods.length && !points.length ? _("No cell of this kind has been decided on.") : "");
  showTypes(tableOf(periods, wish.chosen, types), types);
}

function offerPeriods() {
  const select = part("chosen");
  const known = [...new Set(periods.map(({ period }) => period))].reverse();
  wish.chosen = known.includes(wish.chosen) ? wish.chosen : ALL;
  select.replaceChildren(make("option", { value: ALL, textContent: _("All") }),
    ...known.map((period) => make("option", { value: period, textContent: periodWords(period) })));
  select.value = wish.chosen;
}

async function ask() {
  const mine = (wish.asked += 1);
  part("figures").ariaBusy = "true";
  await attempt("periods", async () => {
    const found = await api.get(`/agreement?period=${wish.period}`);
    if (mine !== wish.asked) return;
    periods = found.periods;
    part("empty").hidden = periods.length > 0;
    part("figures").hidden = periods.length === 0;
    offerPeriods();
    draw();
  });
  if (mine === wish.asked) part("figures").ariaBusy = "false";
}

async function askReads() {
  await attempt("reads", async () => fillReads(part("reads"), await api.get("/agreement/reads")));
}

async function askSlides() {
  const type = part("slides-type").value;
  await attempt("slides", async () => {
    const found = await api.get(`/agreement/slides?cell_type=${encodeURIComponent(type)}`);
    if (type === part("slides-type").value) fillSlides(part("slides"), found);
  });
}

async function askAll() {
  part("loading").hidden = false;
  await Promise.all([ask(), askReads(), askSlides()]);
  part("loading").hidden = true;
  document.body.dataset.phase = "ready";
}

/** Do what the server may refuse; say so where it does, until it no longer does. */
async function attempt(what, act) {
  try {
    await act();
    troubles.delete(what);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    troubles.set(what, error.message);
  }
  write(part("error"), [...new Set(troubles.values())].join(" "));
  part("again").hidden = troubles.size === 0;
}

part("over-time").addEventListener("change", ({ target }) => {
  if (target.name === "period") {
    wish.period = target.value;
    ask();
  }
  if (target.name === "status") {
    wish.status = target.value;
    draw();
  }
});
part("chosen").addEventListener("change", ({ target }) => {
  wish.chosen = target.value;
  draw();
});
part("slides-type").addEventListener("change", askSlides);
part("again").addEventListener("click", askAll);
askAll();
