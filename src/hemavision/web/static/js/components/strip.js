/** The strip of images with its progress. Says `item-selected` and `item-moved`. */

import { progress } from "../state.js";
import { _, percent, progressWords, title } from "../words.js";
import { make, role, tell, write } from "./dom.js";

const KEYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/** What a thumbnail says of an image: `words`, which may be cut, and a `figure`, which may not, in
    any state; `status` once it is done. */
const CELL = {
  status: (item) => item.answer.prediction.status,
  words: thumbWords,
  figure: (item) => (item.status === "done" && !isUnfamiliar(item) ? percent(item.answer.prediction.confidence) : ""),
};

export function mountStrip(element, says = CELL) {
  const list = element.querySelector(".thumbs");
  const bar = element.querySelector("progress");
  const thumbs = new Map(); // id → its element
  const seen = new WeakMap(); // element → what it shows, so that only what changed is written

  list.addEventListener("click", (event) => {
    const thumb = event.target.closest("[role=option]");
    if (thumb) tell(element, "item-selected", { id: Number(thumb.dataset.id) });
  });
  list.addEventListener("keydown", (event) => {
    const by = KEYS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    tell(element, "item-moved", { by });
    list.querySelector("[aria-selected=true]")?.focus();
  });

  return function update(state) {
    const count = progress(state);
    write(role(element, "progress-words"), count.total ? progressWords(count) : "");
    bar.max = Math.max(count.total, 1);
    bar.value = count.finished;
    bar.classList.toggle("complete", count.total > 0 && count.finished === count.total);
    const wanted = new Set(state.items.map((item) => item.id));
    for (const [id, thumb] of thumbs) {
      if (!wanted.has(id)) {
        thumb.remove();
        thumbs.delete(id);
      }
    }
    for (const item of state.items) {
      if (!thumbs.has(item.id)) {
        thumbs.set(item.id, makeThumb(item));
        list.append(thumbs.get(item.id));
      }
      const [thumb, isSelected] = [thumbs.get(item.id), item.id === state.selectedId];
      const [shownItem, wasSelected] = seen.get(thumb) ?? [];
      if (shownItem === item && wasSelected === isSelected) continue;
      seen.set(thumb, [item, isSelected]);
      updateThumb(thumb, item, isSelected, says);
    }
  };
}

function makeThumb(item) {
  const picture = make("img", { src: item.url, alt: "", loading: "lazy", decoding: "async" });
  const thumb = make(
    "div", { className: "thumb" },
    make("div", { className: "thumb-picture" }, picture, make("span", { className: "thumb-mark", textContent: "!" })),
    make(
      "div", { className: "thumb-text" },
      make("p", { className: "thumb-name", textContent: item.name, title: item.name }),
      make(
        "p", { className: "thumb-line" },
        make("span", { className: "thumb-words" }), make("span", { className: "thumb-figure" }),
      ),
    ),
  );
  thumb.querySelector(".thumb-mark").setAttribute("aria-hidden", "true");
  thumb.dataset.id = item.id;
  thumb.setAttribute("role", "option");
  return thumb;
}

function updateThumb(thumb, item, isSelected, says) {
  const was = thumb.getAttribute("aria-selected");
  thumb.setAttribute("aria-selected", String(isSelected));
  thumb.tabIndex = isSelected ? 0 : -1;
  thumb.dataset.status = item.status === "done" ? says.status(item) : item.status;
  const picture = thumb.querySelector("img");
  if (item.previewable === false) {
    picture.hidden = !item.original;
    if (item.original && picture.src !== item.original) picture.src = item.original;
  }
  write(thumb.querySelector(".thumb-words"), says.words(item));
  write(thumb.querySelector(".thumb-figure"), says.figure?.(item) ?? "");
  if (isSelected && was !== "true") thumb.scrollIntoView({ block: "nearest", inline: "nearest" });
}

const isUnfamiliar = ({ answer }) => answer.prediction.status === "unfamiliar";

function thumbWords(item) {
  if (item.status === "waiting") return _("Waiting");
  if (item.status === "reading") return _("Reading…");
  if (item.status === "failed") return item.error.title;
  // A guess that nobody should rely on is told beside the picture alone, folded away.
  return isUnfamiliar(item) ? _("Unfamiliar") : title(item.answer.prediction.cell_type);
}
