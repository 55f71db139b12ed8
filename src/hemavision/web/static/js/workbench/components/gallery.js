/**
 * The gallery: cells by type, the most doubtful first, with elements only for what the screen
 * shows. Says `cell-pressed`, `cell-hovered`, `cell-focused`, `cell-inspected`, `cells-seen`,
 * `bin-committed`, `bin-selected`, `unseen-wanted`.
 */

import { make, role, tell, write } from "../../components/dom.js";
import { confidentOf, galleryOrder, groupCells, TO_READ, UNFAMILIAR } from "../cells.js";
import { framed, layOut, placeOf, rowsInSight, scalesOf, scrollTo, wholeInSight } from "../rows.js";
import { isReadOnly } from "../state.js";
import { binWords, cellsWords } from "../words.js";
import { _ } from "../../words.js";
import { binColour, fillTile, makeTile, mountDragging, turnTile } from "./tiles.js";

const TILES = { small: 76, medium: 104, large: 164 };
const SIZES = { caption: 22, gap: 12, head: 46, foot: 14 };
const SPARE_ROWS = 2;
/** A picture that was on the screen for so long has been seen. */
const SEEN_MS = 400;
const MARGIN_PX = 12;
/** Who scrolls further than this between two frames looks for a place, not at pictures. */
const HURRY_PX = 240;
const REST_MS = 80;

/**
 * Return {update, view}. `addresses` gives a cell's pictures: {thumbnail(id, side), heatmap(id)};
 * a thumbnail that is null is not here yet: `view.draw()` when it is.
 */
export function mountGallery(element, addresses) {
  const body = role(element, "body");
  const view = {
    state: null, groups: [], layout: { sections: [], height: 0, columns: 1, step: 1 }, sizes: { ...SIZES, tile: TILES.medium, width: 600 },
    scales: new Map(), sections: new Map(), tiles: new Map(), scheduled: false, timer: 0, rest: 0, scrolled: 0, hurried: false, toTop: false,
  };

  const render = () => {
    view.scheduled = false;
    if (!view.state) return;
    const { scrollTop } = element;
    view.hurried = Math.abs(scrollTop - view.scrolled) > HURRY_PX;
    view.scrolled = scrollTop;
    drawSections(element, body, view, addresses);
    clearTimeout(view.rest);
    if (view.hurried) view.rest = setTimeout(render, REST_MS);
    clearTimeout(view.timer);
    view.timer = setTimeout(() => see(element, view), SEEN_MS);
  };
  const schedule = () => {
    if (view.scheduled) return;
    view.scheduled = true;
    requestAnimationFrame(render);
  };
  view.draw = schedule;
  const arrange = () => {
    view.layout = layOut(view.groups, view.sizes);
    body.style.setProperty("height", `${view.layout.height}px`);
  };

  element.addEventListener("scroll", schedule, { passive: true });
  new ResizeObserver(() => {
    const width = body.clientWidth;
    if (width === view.sizes.width) return;
    view.sizes = { ...view.sizes, width };
    arrange();
    schedule();
  }).observe(body);
  listen(element);
  mountDragging(element, body, { view });

  function update(state, before) {
    view.state = state;
    const regroup = state.cells !== before.cells || state.filter !== before.filter || state.types !== before.types || !view.groups.length;
    const resize = state.tile !== before.tile;
    const held = body.contains(document.activeElement);
    if (resize) view.sizes = { ...view.sizes, tile: TILES[state.tile] };
    if (regroup) view.groups = groupCells(state.cells.values(), galleryOrder(state.types), state.filter);
    if (regroup || resize) arrange();
    const measured = [state.cells, state.images, state.entries?.pixel_um];
    if (!view.measured?.every((value, index) => value === measured[index])) {
      view.measured = measured;
      view.scales = scalesOf(state.cells.values(), state.images, state.entries?.pixel_um);
    }
    const moved = state.focusId !== before.focusId;
    if ((moved || view.toTop) && state.hoveredId === null) bringIntoSight(element, view, state.focusId);
    view.toTop = false;
    role(element, "empty").hidden = state.phase !== "ready" || view.groups.length > 0;
    write(role(element, "empty"), emptyWords(state));
    render();
    // Where a filter has emptied, the sentence that says so keeps the focus.
    if (held && (moved || regroup)) (view.tiles.get(state.focusId) ?? role(element, "empty")).focus({ preventScroll: true });
    if (regroup && state.hoveredId !== null) requestAnimationFrame(() => pointAgain(element));
  }
  return { update, view };
}

/** After cells have moved another one may lie under the pointer, which has not. */
function pointAgain(element) {
  const { clientX, clientY } = element.pointer ?? {};
  if (clientX === undefined) return;
  const cell = document.elementFromPoint(clientX, clientY)?.closest("[data-cell]");
  tell(element, "cell-hovered", { id: cell && element.contains(cell) ? Number(cell.dataset.cell) : null });
}

function emptyWords(state) {
  if (state.cells.size === 0) return _("No cells yet. Drop images, a folder or a zip anywhere on this page.");
  return state.filter === "undecided" ? _("Every cell is decided.") : _("No cell matches this filter.");
}

function listen(element) {
  const idOf = (target) => Number(target.closest?.("[data-cell]")?.dataset.cell) || null;
  let touched = false;
  element.addEventListener("pointerdown", (event) => { touched = event.pointerType === "touch"; });
  element.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.act) return tell(button, button.dataset.act, { name: button.dataset.bin });
    if (button || element.dataset.dragged === "true") return undefined;
    const { shiftKey, ctrlKey, metaKey } = event;
    return tell(element, "cell-pressed", { id: idOf(event.target), range: shiftKey, add: ctrlKey || metaKey || touched, touched });
  });
  element.addEventListener("dblclick", (event) => {
    const id = idOf(event.target);
    if (id) tell(element, "cell-inspected", { id });
  });
  element.addEventListener("pointermove", (event) => {
    // When cells scroll past a resting pointer the keys go on acting where the focus is.
    const { clientX, clientY } = element.pointer ?? {};
    if (event.clientX === clientX && event.clientY === clientY) return;
    element.pointer = event;
    if (event.pointerType === "mouse" && event.buttons === 0) tell(element, "cell-hovered", { id: idOf(event.target) });
  });
  element.addEventListener("pointerleave", () => tell(element, "cell-hovered", { id: null }));
  element.addEventListener("focusin", (event) => {
    const id = idOf(event.target);
    if (id) tell(element, "cell-focused", { id });
  });
}

function bringIntoSight(element, view, id) {
  const place = placeOf(view.layout, id);
  if (!place) return;
  const [from, to] = [element.scrollTop, element.scrollTop + element.clientHeight];
  const top = place.row === 0 ? place.section.top : place.top - MARGIN_PX;
  const rest = place.section.top + place.section.height - place.section.foot;
  if (!view.toTop) element.scrollTop += scrollTo(place, from, to, MARGIN_PX);
  else if (top < from || rest > to) element.scrollTop = top;
}

/** Say which cells are on the screen whole, with their pictures there. */
function see(element, view) {
  if (document.hidden || !view.state || !element.checkVisibility({ visibilityProperty: true })) return; // the large view covers it
  const from = element.scrollTop;
  const ids = wholeInSight(view.layout, from, from + element.clientHeight, view.sizes.tile);
  const shown = ids.filter((id) => view.tiles.get(id)?.querySelector("img").naturalWidth > 0);
  if (shown.some((id) => !view.state.seen.has(id))) tell(element, "cells-seen", { ids: shown });
  if (shown.length < ids.length) view.timer = setTimeout(() => see(element, view), SEEN_MS);
}

function drawSections(element, body, view, addresses) {
  const { layout, state } = view;
  const [from, to] = [element.scrollTop, element.scrollTop + element.clientHeight];
  const names = new Set(layout.sections.map(({ name }) => name));
  for (const [name, section] of view.sections) {
    if (names.has(name)) continue;
    section.element.remove();
    view.sections.delete(name);
  }
  const shown = new Set();
  for (const section of layout.sections) {
    const part = view.sections.get(section.name) ?? makeSection(section.name, view.sections);
    place(part.element, 0, section.top);
    part.element.style.setProperty("height", `${section.height}px`);
    if (part.element.parentElement !== body) body.append(part.element);
    fillHead(part, section, state);
    drawRows(part, section, wantedOf(section, from, to, view), view, addresses);
    for (const id of section.ids) if (view.tiles.has(id)) shown.add(id);
  }
  for (const [id, tile] of view.tiles) {
    if (shown.has(id) && tile.isConnected) continue;
    tile.remove();
    tile.querySelector("img").removeAttribute("src"); // what scrolled past need not be loaded any more
    view.tiles.delete(id);
  }
}

/** The ids of a section that need an element: those in sight, and the one with the focus. */
function wantedOf(section, from, to, { layout: { columns }, state }) {
  const [first, past] = rowsInSight(section, from, to, SPARE_ROWS);
  const ids = section.ids.slice(first * columns, past * columns);
  if (section.ids.includes(state.focusId) && !ids.includes(state.focusId)) ids.push(state.focusId);
  return ids;
}

function drawRows(part, section, ids, view, addresses) {
  const { state, layout: { columns, step } } = view;
  const wanted = new Set(ids);
  for (const tile of [...part.list.children]) {
    if (!wanted.has(Number(tile.dataset.cell))) tile.remove();
  }
  let at = part.list.firstElementChild;
  const order = [...ids].sort((a, b) => section.ids.indexOf(a) - section.ids.indexOf(b));
  for (const id of order) {
    const cell = state.cells.get(id);
    const tile = tileOf(cell, view, part);
    const index = section.ids.indexOf(id);
    place(tile, (index % columns) * step, Math.floor(index / columns) * section.row);
    mark(tile, cell, view, addresses);
    tile.setAttribute("aria-posinset", String(index + 1));
    tile.setAttribute("aria-setsize", String(section.ids.length));
    if (tile === at) at = at.nextElementSibling;
    else part.list.insertBefore(tile, at);
  }
}

function tileOf(cell, view, part) {
  let tile = view.tiles.get(cell.id);
  if (tile && tile.parentElement && tile.parentElement !== part.list) tile.remove();
  if (!tile) {
    tile = makeTile(cell);
    view.tiles.set(cell.id, tile);
  }
  if (tile.shown !== cell) {
    tile.shown = cell;
    fillTile(tile, cell, view.state.types);
  }
  return tile;
}

function mark(tile, cell, { state, hurried, scales, sizes }, addresses) {
  const { id } = cell;
  tile.tabIndex = id === state.focusId ? 0 : -1;
  tile.setAttribute("aria-selected", String(state.selection.has(id)));
  tile.dataset.seen = String(state.seen.has(id));
  const warm = state.heat && Boolean(cell.suggestion) && (id === (state.hoveredId ?? state.focusId));
  if (hurried && !tile.querySelector("img").hasAttribute("src")) return;
  const [address, kind] = warm ? [addresses.heatmap(id), "cutout"] : [addresses.thumbnail(id, sizes.tile), "thumbnail"];
  const image = state.images.get(cell.image_id);
  if (image && address !== null) turnTile(tile, address, framed(cell.box, image, scales.get(image.id), kind));
}

function place(element, left, top) {
  const value = `translate(${left}px, ${top}px)`;
  if (element.placed === value) return;
  element.placed = value;
  element.style.setProperty("transform", value);
}

function makeSection(name, sections) {
  const heading = make("h2", {}, make("i", { className: "swatch" }), make("span"), make("small"));
  heading.querySelector("i").style.setProperty("background", binColour(name));
  const commit = make("button", { type: "button", className: "button quiet" });
  const select = make("button", { type: "button", className: "button quiet", textContent: _("Select all") });
  commit.dataset.bin = name;
  Object.assign(select.dataset, { act: "bin-selected", bin: name });
  const head = make("div", { className: "section-head" }, heading, commit, select);
  const list = make("div", { className: "cells" });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-multiselectable", "true");
  const element = make("section", { className: "cell-section" }, head, list);
  element.dataset.drop = name;
  const part = { element, heading, commit, select, list, said: null };
  sections.set(name, part);
  return part;
}

function fillHead(part, { name, ids }, state) {
  const now = [ids, state.cells, state.seen, state.types, isReadOnly(state)];
  if (part.said && now.every((value, index) => value === part.said[index])) return;
  part.said = now;
  const label = binWords(name, state.types);
  const decided = ids.filter((id) => state.cells.get(id)?.decided_type !== null).length;
  write(part.heading.children[1], label);
  write(part.heading.children[2], headWords(name, ids.length, decided));
  part.list.setAttribute("aria-label", `${label}, ${cellsWords(ids.length)}`);
  fillCommit(part.commit, name, state);
  part.select.hidden = isReadOnly(state);
}

function headWords(name, total, decided) {
  if (name === UNFAMILIAR) return _("{n} · not counted until you decide", { n: total });
  if (name === TO_READ) return _("{n} left", { n: total });
  return decided === total ? _("{n}, all committed", { n: total }) : _("{n} · {decided} committed", { n: total, decided });
}

/** A type's confident suggestions can be committed at once when all of them have been seen. */
function fillCommit(button, name, state) {
  const { ready, unseen } = confidentOf([...state.cells.values()], name, state.seen);
  const total = ready.length + unseen.length;
  button.hidden = total === 0 || isReadOnly(state);
  const [act, words] = unseen.length
    ? ["unseen-wanted", _("Show {n} confident not seen yet", { n: unseen.length })]
    : ["bin-committed", _("Commit {n} confident", { n: total })];
  button.dataset.act = act;
  button.classList.toggle("ready", unseen.length === 0);
  write(button, words);
}
