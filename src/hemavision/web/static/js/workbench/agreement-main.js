/** Wires the page of the model against the readers: what is asked for, and what shows it. */

import { Problem } from "../api.js";
import { make, write } from "../components/dom.js";
import { createApi, loginAddress } from "./api.js";
import { fillSlides } from "./components/slides.js";
import { mountTimeChart } from "./components/time-chart.js";
import { mountTypeTable } from "./components/type-table.js";
import { ALL, periodWords, pointsOf, tableOf } from "./over-time.js";

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const types = [...part("slides-type").options].map(({ value, text }) => ({ name: value, display_name: text }));
const api = createApi(() => window.location.assign(loginAddress(window.location)));
const showChart = mountTimeChart(part("over-time"));
const showTypes = mountTypeTable(part("by-type"));
const wish = { period: "month", status: ALL, chosen: ALL, asked: 0 };
let periods = [];

function draw() {
  const points = pointsOf(periods, wish.status);
  showChart(points);
  write(part("none-such"), periods.length && !points.length ? "No cell of this kind has been decided on." : "");
  showTypes(tableOf(periods, wish.chosen, types), types);
}

function offerPeriods() {
  const select = part("chosen");
  const known = [...new Set(periods.map(({ period }) => period))].reverse();
  wish.chosen = known.includes(wish.chosen) ? wish.chosen : ALL;
  select.replaceChildren(make("option", { value: ALL, textContent: "All" }),
    ...known.map((period) => make("option", { value: period, textContent: periodWords(period) })));
  select.value = wish.chosen;
}

async function ask() {
  const mine = (wish.asked += 1);
  await attempt(async () => {
    const found = await api.get(`/agreement?period=${wish.period}`);
    if (mine !== wish.asked) return;
    periods = found.periods;
    part("empty").hidden = periods.length > 0;
    part("figures").hidden = periods.length === 0;
    offerPeriods();
    draw();
  });
}

async function askSlides() {
  await attempt(async () => {
    fillSlides(part("slides"), await api.get(`/agreement/slides?cell_type=${encodeURIComponent(part("slides-type").value)}`));
  });
}

/** Do what the server may refuse; say so where it does. */
async function attempt(act) {
  try {
    await act();
    write(part("error"), "");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    write(part("error"), error.message);
  }
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
Promise.all([ask(), askSlides()]).then(() => { document.body.dataset.phase = "ready"; });
