/**
 * One cell, large: its picture at the case's scale, its heatmap, what the model said and why, who decided
 * what; as a queue of doubtful cells with its field and similar cells beside it; several of the queue together,
 * on a sheet; and two cells side by side. Says `inspector-closed`, `cell-ringed`, `sheet-fitted`, `cell-shown-in-field`, `cell-stepped`, `cell-unwanted`, `image-unwanted`,
 * `cells-seen`, `queue-wanted`, `selection-committed`, `selection-taken-back`, `compared-classified`.
 */

import { mountReasons } from "../../components/answer.js";
import { make, role, tell, write } from "../../components/dom.js";
import { initialState as cellPage } from "../../state.js";
import { _, advice, n_, percent, said, statusWords, whole } from "../../words.js";
import { binOf, countDoubtful, isDecided } from "../cells.js";
import { framed, scaleBar, scalesOf, sheetGrid } from "../rows.js";
import { isReadOnly, onSheet } from "../state.js";
import { binWords, captionWords, decisionWords, queueWords, scaleWords, sheetWords, sourceWords } from "../words.js";
import { binColour, fillTile, lay, makeChoice, makeTile } from "./tiles.js";

const MOST_BARS = 5;
const MOST_BARS_A_SIDE = 3; // of two cells side by side
/** Who had a picture before their eyes for so long has looked at it. */
const LOOK_MS = 400;

/** Return {update, looked()}: `looked` gives the ids of the sheet's cells that the reader has on the screen now, whole. */
export function mountInspector(element, addresses) {
  const updateReasons = mountReasons(role(element, "reasons"), { hasMaps: false });
  const sheet = mountSheet(element, addresses);
  let [shown, typesShown, similarShown] = [[], null, null];
  const picture = role(element, "picture");
  // Who has a cell before their eyes, large, has seen it.
  picture.addEventListener("load", () => shown[0] && tell(element, "cells-seen", { ids: [shown[0].id] }));
  element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.type && shown[0]) tell(button, "compared-classified", { id: shown[0].id, type: button.dataset.type });
    if (button?.dataset.act) tell(button, button.dataset.act, { by: Number(button.dataset.by) });
  });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    tell(element, "inspector-closed");
  });

  function update(state) {
    const cell = state.cells.get(state.inspectedId) ?? null;
    element.hidden = cell === null;
    if (state.types !== typesShown) {
      typesShown = state.types;
      role(element, "choices").replaceChildren(...state.types.map(makeChoice));
    }
    if (state.similar !== similarShown) {
      similarShown = state.similar;
      showSimilar(element, state, addresses);
    }
    const now = [cell, state.detail, state.types, state.images, state.case?.state, state.reading, state.entries?.pixel_um, state.queue, state.sheet, state.closer];
    if (now.every((value, index) => value === shown[index])) return;
    shown = now;
    sheet.update(state);
    if (!cell) return;
    if (onSheet(state)) return void fill(element, cell, state);
    if (role(element, "picture").dataset.cell !== String(cell.id)) showPictures(element, cell, addresses);
    measure(element, cell, state);
    showField(element, cell, state, addresses);
    fill(element, cell, state);
    role(element, "bars").replaceChildren(...bars(cell.suggestion, state.types, MOST_BARS));
    const detail = state.detail?.id === cell.id ? state.detail : null;
    updateReasons(asCellPage(detail?.suggestion ?? null));
  }
  return { update, looked: sheet.looked };
}

/** Several cells together, as many as fit, each large: {update, looked()}. */
function mountSheet(element, addresses) {
  const holder = role(element, "sheet");
  const tiles = new Map();
  let [state, begun] = [null, []];
  holder.addEventListener("click", ({ target }) => {
    const tile = target.closest("[data-cell]");
    if (tile) tell(tile, "cell-ringed", { id: Number(tile.dataset.cell) });
  });

  /** Lay out what the sheet began with, so that what stays on it does not move by what leaves it. */
  function fit() {
    const ids = state && onSheet(state)?.ids;
    if (!ids || !holder.clientWidth) return;
    const { paddingLeft, paddingTop } = getComputedStyle(holder);
    const room = { width: holder.clientWidth - 2 * parseFloat(paddingLeft), height: holder.clientHeight - 2 * parseFloat(paddingTop) };
    const { most, columns, side } = sheetGrid(room, begun.length);
    holder.style.setProperty("--cell", `${side}px`);
    holder.style.setProperty("--columns", columns);
    const kept = ids.filter((id) => begun.indexOf(id) < most);
    begun = begun.slice(0, most);
    if (kept.length < ids.length || columns !== state.sheet.columns) tell(holder, "sheet-fitted", { ids: kept, columns });
  }
  new ResizeObserver(fit).observe(holder);

  function makeLarge(id) {
    const tile = makeTile({ id });
    const picture = tile.querySelector("img");
    picture.addEventListener("load", () => setTimeout(() => { tile.dataset.seen = "true"; }, LOOK_MS));
    picture.src = addresses.cutout(id);
    tiles.set(id, tile);
    return tile;
  }

  function draw(ids) {
    const { cells, images, types, entries, inspectedId } = state;
    const scales = scalesOf(cells.values(), images, entries?.pixel_um);
    for (const [id, tile] of tiles) {
      if (ids.includes(id)) continue;
      tile.remove();
      tiles.delete(id);
    }
    for (const id of ids) {
      const cell = cells.get(id);
      const tile = tiles.get(id) ?? makeLarge(id);
      if (!tile.isConnected) holder.append(tile);
      fillTile(tile, cell, types);
      write(tile.lastElementChild, `${captionWords(cell)} · ${_(cell.suggestion.status)}`);
      lay(tile.querySelector("img"), framed(cell.box, images.get(cell.image_id), scales.get(cell.image_id), "cutout"));
      tile.tabIndex = id === inspectedId ? 0 : -1;
      tile.dataset.ring = String(id === inspectedId);
    }
  }

  return {
    update(now) {
      const ids = onSheet(now)?.ids ?? [];
      const held = element.contains(document.activeElement) || document.activeElement === document.body || holder.hidden;
      const isNew = ids.some((id) => !begun.includes(id));
      state = now;
      if (isNew) begun = ids;
      holder.hidden = !ids.length;
      if (!now.sheet || ids.length) draw(ids);
      if (isNew) queueMicrotask(fit);
      if (ids.length && held) tiles.get(now.inspectedId)?.focus({ preventScroll: true });
    },
    looked() {
      const view = element.getBoundingClientRect();
      return [...tiles].filter(([, tile]) => {
        const { top, right, bottom, left, width } = tile.firstElementChild.getBoundingClientRect();
        return tile.dataset.seen === "true" && width > 0 && top >= view.top && left >= view.left
          && bottom <= Math.min(view.bottom, window.innerHeight) && right <= view.right;
      }).map(([id]) => id);
    },
  };
}

function showPictures(element, cell, addresses) {
  role(element, "picture").src = addresses.cutout(cell.id);
  role(element, "picture").dataset.cell = cell.id;
  const map = role(element, "map");
  const figure = map.closest("figure");
  figure.hidden = !cell.suggestion;
  write(role(element, "map-words"), _("Where the model looked"));
  map.onerror = () => { write(role(element, "map-words"), _("No heatmap: another model named this cell.")); };
  if (cell.suggestion) map.src = addresses.heatmap(cell.id);
}

/** Lay the pictures at the case's scale, with a bar where the size of a pixel is known. */
function measure(element, cell, { cells, images, entries }) {
  const image = images.get(cell.image_id);
  if (!image) return;
  const scales = scalesOf(cells.values(), images, entries?.pixel_um);
  const scale = scales.get(image.id);
  write(role(element, "picture-words"), scaleWords(new Set([...scales.values()].map(({ of }) => of)).size));
  for (const name of ["picture", "map"]) lay(role(element, name), framed(cell.box, image, scale, "cutout"));
  const bar = scaleBar(scale);
  role(element, "scale").hidden = bar === null;
  role(element, "scale").querySelector("i").style.setProperty("width", `${bar?.share ?? 0}%`);
  write(role(element, "scale-words"), bar ? `${bar.um} µm` : "");
}

/** Beside a large cell stands its field with the cell's place in it. */
function showField(element, { box, image_id: id }, { images, queue }, addresses) {
  const image = images.get(id);
  const figure = role(element, "field");
  figure.hidden = !queue || image?.kind !== "field";
  if (figure.hidden) return;
  const picture = figure.querySelector("img");
  const address = addresses.picture(id);
  if (picture.getAttribute("src") !== address) picture.src = address;
  const [wide, high] = [100 / image.width, 100 / image.height];
  lay(role(element, "place"), {
    left: box.left * wide, top: box.top * high, width: (box.right - box.left) * wide, height: (box.bottom - box.top) * high,
  });
}

function showSimilar(element, { similar, types }, addresses) {
  role(element, "similar").hidden = similar === null;
  if (!similar) return;
  write(role(element, "similar-words"), similar.cells.length
    ? _("Cells of other signed cases and of image sets that look most alike to the network. They bear their readers' names, not this cell's.")
    : _("No signed cell of another case yet. The command “hemavision cases references” adds cells of the image sets."));
  role(element, "similar-cells").replaceChildren(...similar.cells.map((one) => {
    const words = `${binWords(one.cell_type, types)}, ${sourceWords(one)}`;
    const picture = make("img", { src: addresses.similar(one), alt: words });
    return make("li", {}, picture, make("b", { textContent: binWords(one.cell_type, types) }), make("span", { textContent: sourceWords(one) }));
  }));
}

function fill(element, cell, state) {
  const { types, images } = state;
  const isLocked = isReadOnly(state) || state.reading !== null;
  const { suggestion } = cell;
  const bin = binOf(cell);
  element.style.setProperty("--tone", binColour(bin));
  element.dataset.decided = String(isDecided(cell));
  element.dataset.status = suggestion?.status ?? "unread";
  write(role(element, "number"), state.queue ? queueWords(cell.id, countDoubtful(state.cells.values())) : _("Cell {id}", cell));
  role(element, "deciding").hidden = isReadOnly(state);
  role(element, "commit").hidden = state.reading !== null || isDecided(cell);
  role(element, "take-back").hidden = !isDecided(cell);
  for (const button of role(element, "choices").children) button.setAttribute("aria-pressed", String(button.dataset.type === cell.decided_type));
  write(role(element, "bin"), binWords(bin, types));
  const together = onSheet(state)?.ids.length;
  write(role(element, "decision"), together ? sheetWords(together) : decisionWords(cell));
  write(role(element, "commit-words"), together ? n_("Commit this cell", "Commit these {n}", together, { n: whole(together) }) : _("Commit"));
  role(element, "closer").hidden = !state.sheet;
  write(role(element, "closer-words"), together ? _("Look closer") : _("Back to the sheet"));
  write(role(element, "status"), suggestion ? statusWords(suggestion.status).word : "");
  role(element, "status").dataset.status = suggestion?.status ?? "";
  write(role(element, "advice"), suggestion ? advice(suggestion) : "");
  write(role(element, "image-name"), images.get(cell.image_id)?.name ?? "");
  role(element, "removals").hidden = isLocked;
  role(element, "remove-cell").hidden = !cell.added_by;
}

/** Return the likeliest types, `most` of them, a row with a bar each. */
function bars(suggestion, types, most) {
  const likeliest = Object.entries(suggestion?.probabilities ?? {}).sort((a, b) => b[1] - a[1]).slice(0, most);
  return likeliest.map(([name, probability]) => {
    const fillOf = make("i");
    fillOf.style.setProperty("transform", `scaleX(${probability})`);
    fillOf.style.setProperty("background", binColour(name));
    return make(
      "li", {}, make("span", { textContent: binWords(name, types) }), make("span", { textContent: percent(probability) }),
      make("span", { className: "bar" }, fillOf));
  });
}

/** The prediction as the Cell page's state would hold it, so that its component shows the reasons. */
function asCellPage(prediction) {
  if (!prediction) return cellPage;
  const item = { id: 1, name: "", status: "done", answer: { prediction, heatmaps: null } };
  return { ...cellPage, items: [item], selectedId: 1 };
}

/**
 * Two cells side by side. Says `compared-classified`. Return {open(ids), update}; `keys` in the dialog
 * go to the page as everywhere.
 */
export function mountCompare(dialog, addresses) {
  let pair = [];
  let shown = null;
  const sides = role(dialog, "sides");
  const heat = dialog.querySelector("[name=compare-heat]");
  const draw = (state) => {
    const cells = pair.map((id) => state.cells.get(id)).filter(Boolean);
    if (cells.length < 2) return dialog.close();
    return sides.replaceChildren(...cells.map((cell) => makeSide(cell, state, addresses, heat.checked)));
  };
  dialog.addEventListener("change", ({ target }) => { if (target === heat) draw(shown); });
  dialog.addEventListener("click", ({ target }) => {
    const button = target.closest("button[data-type]");
    if (button) tell(button, "compared-classified", { id: Number(button.dataset.id), type: button.dataset.type });
  });
  return {
    open(ids) {
      pair = ids;
      heat.checked = false;
      draw(shown);
      heat.closest("label").hidden = shown.reading !== null;
      dialog.showModal();
    },
    update(state, before) {
      shown = state;
      if (dialog.open && state.cells !== before.cells) draw(state);
    },
  };
}

function makeSide(cell, state, addresses, warm) {
  const { types, images } = state;
  const { suggestion } = cell;
  const address = warm && suggestion ? addresses.heatmap(cell.id) : addresses.cutout(cell.id);
  const picture = make("img", { src: address, alt: _("Cell {id}", cell) });
  const scale = scalesOf(state.cells.values(), images, state.entries?.pixel_um).get(cell.image_id);
  lay(picture, framed(cell.box, images.get(cell.image_id), scale, "cutout"));
  const bin = binOf(cell);
  const heading = make("h3", { textContent: binWords(bin, types) });
  const number = make("p", { className: "quiet", textContent: `${_("Cell {id}", cell)} · ${isDecided(cell) ? _("committed") : _("only suggested")}` });
  const status = suggestion ? [make("p", { className: "quiet", textContent: statusWords(suggestion.status).word })] : [];
  const seen = suggestion?.seen ? [make("p", { textContent: _("Seen: {what}.", { what: said(suggestion.seen) }) })] : [];
  const list = make("ul", { className: "bars" }, ...bars(suggestion, types, MOST_BARS_A_SIDE));
  const side = make("div", { className: "side-cell" }, make("span", { className: "cell-picture" }, make("span", { className: "at-scale" }, picture)), heading, number, ...status, ...seen, list, choices(cell, types));
  side.dataset.decided = String(isDecided(cell));
  side.dataset.status = suggestion?.status ?? "unread";
  side.style.setProperty("--tone", binColour(bin));
  return side;
}

function choices(cell, types) {
  return make("div", { className: "side-types" }, ...types.map(({ name, display_name: label }) => {
    const button = make("button", { type: "button", className: "chip", textContent: label });
    Object.assign(button.dataset, { id: cell.id, type: name });
    button.setAttribute("aria-pressed", String(cell.decided_type === name));
    return button;
  }));
}
