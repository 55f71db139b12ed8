/** What was found, beside the field: counts, estimates, differential, what was left out and why. */

import { make, role, tell, write } from "../../components/dom.js";
import { selectedItem } from "../../state.js";
import { isSynthetic, shareWords, title } from "../../words.js";
import { KINDS } from "../cells.js";
import { countsOf, differentialRows, summed } from "../counts.js";
import { typeColour } from "../palette.js";
import { countedWords, leftOutWords, ratioWords, readWords, warningWords } from "../words.js";

export function mountCounts(element) {
  element.addEventListener("change", ({ target }) => {
    if (target.name === "scope") tell(element, "scope-chosen", { scope: target.value });
  });
  element.addEventListener("click", ({ target }) => {
    if (target.closest("button")?.dataset.action === "retry") tell(element, "retry");
  });
  let shown = [];

  return function update(state) {
    element.hidden = state.cardOpen;
    const item = selectedItem(state);
    const all = state.scope === "all";
    const read = state.items.filter(({ answer }) => answer);
    const now = [item, all, read.length];
    if (!item || now.every((value, index) => value === shown[index])) return;
    shown = now;
    showHead(element, item, read.length, all);
    const failed = item.status === "failed" && !all;
    role(element, "trouble").hidden = !failed;
    role(element, "found").hidden = failed;
    if (failed) {
      write(role(element, "trouble-title"), item.error.title);
      write(role(element, "trouble-words"), item.error.detail);
      return;
    }
    const found = all ? summed(read.map(({ answer }) => answer.smear)) : item.answer && countsOf(item.answer.smear);
    showFound(element, found);
    write(role(element, "read-words"), item.answer && !all ? readWords(item.answer.smear, item.roundTripMs) : "\u00a0");
  };
}

function showHead(element, item, read, all) {
  write(role(element, "file-name"), all ? `${read} fields taken together` : item.name);
  role(element, "synthetic").hidden = all || !isSynthetic(item.name);
  role(element, "scope").hidden = read < 2 && !all;
  write(role(element, "scope-all"), `All ${read} fields`);
  for (const input of element.querySelectorAll("input[name=scope]")) input.checked = input.value === (all ? "all" : "field");
}

function showFound(element, found) {
  for (const kind of KINDS) {
    write(role(element, `count-${kind}`), found ? found.counts[kind].toLocaleString("en-GB") : "–");
  }
  for (const name of ["white_per_1000_red", "platelets_per_red"]) {
    const words = found ? ratioWords(found.estimates[name]) : { value: "–", interval: "\u00a0" };
    write(role(element, name), words.value);
    write(role(element, `${name}-interval`), words.interval);
  }
  role(element, "warnings").replaceChildren(...(found?.warnings ?? []).map((warning) =>
    make("li", { textContent: warningWords(warning, found.fields) })));
  const rows = found ? differentialRows(found.differential).filter(({ count }) => count > 0) : [];
  role(element, "differential").replaceChildren(...rows.map(row));
  write(role(element, "counted"), found ? countedWords(found.differential.counted) : "\u00a0");
  write(role(element, "left-out"), found ? leftOutWords(found.differential.left_out) : "");
}

function row({ name, count, share }) {
  const bar = make("i");
  bar.style.setProperty("transform", `scaleX(${share})`);
  bar.style.setProperty("background", typeColour(name));
  const track = make("span", { className: "bar" }, bar);
  track.setAttribute("aria-hidden", "true");
  return make(
    "li", {},
    make("span", { className: "bar-name", textContent: title(name) }),
    make("span", { className: "bar-value", textContent: `${count} · ${shareWords(share)}` }),
    track,
  );
}
