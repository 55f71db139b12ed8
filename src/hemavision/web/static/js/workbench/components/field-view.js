/**
 * A case's fields, one at a time: the Smear page's canvas over what the case keeps. The canvas
 * speaks by events that stay inside the dialog; a lit cell is named by its type's key or a button
 * (`compared-classified`), looked at closer (`cell-inspected`), a missed one added (`cell-missed`).
 */

import { role, tell, write } from "../../components/dom.js";
import { mountField } from "../../smear/components/field.js";
import { createPictures } from "../../smear/pictures.js";
import { initialState as smearPage, reduce } from "../../smear/state.js";
import { ZOOM_FIT } from "../../state.js";
import { focusOn, oneToOne } from "../../viewport.js";
import { binOf, committable, isDecided } from "../cells.js";
import { isReadOnly } from "../state.js";
import { binWords } from "../words.js";
import { _ } from "../../words.js";
import { mountAdder } from "./adding.js";
import { makeChoice } from "./tiles.js";

const DIGIT = /^[1-9]$/;

/** `others(imageId)` resolves to what else was found there. Return {open(cellId or none), update, fail(words)}. */
export function mountFieldView(dialog, addresses, others) {
  const stage = mountField(role(dialog, "field"), createPictures());
  let [state, page, imageId] = [smearPage, null, null];
  const adder = mountAdder(role(dialog, "field"), () => {
    const { image, size } = stage.scene;
    return image && size.width > 1 ? { image, size, view: state.view } : null;
  });

  const send = (action) => {
    const before = state;
    state = reduce(state, action);
    if (state !== before) stage.update(state, before);
    if (state.cellId !== before.cellId) showLit();
    adder.update();
  };
  const cellsHere = () => [...page.cells.values()].filter((cell) => cell.image_id === imageId);
  const adding = (on) => {
    write(role(dialog, "field-error"), "");
    dialog.dataset.adding = String(on);
    role(dialog, "add").setAttribute("aria-pressed", String(on));
    if (on) adder.start(cellsHere().map(({ box }) => box));
    else adder.stop();
  };
  const own = (name, act) => dialog.addEventListener(name, (event) => {
    event.stopPropagation();
    act(event.detail);
  });
  own("view-changed", ({ view }) => send({ type: "viewChanged", view }));
  own("cell-hovered", ({ id }) => send({ type: "cellHovered", id }));
  const lit = () => page?.cells.get(state.cellId) ?? null;
  const look = () => {
    if (!lit()) return;
    dialog.close();
    tell(dialog, "cell-inspected", { id: state.cellId });
  };
  own("cell-opened", ({ id }) => page.cells.has(id) && send({ type: "cellChosen", id }));
  own("cell-stepped", ({ by, along }) => {
    send({ type: "cellStepped", by, along });
    focus(state.cellId);
  });
  own("layer-flipped", ({ layer }) => send({ type: "layerToggled", layer, on: !state.layers[layer] }));
  own("zoom-wanted", ({ direction }) => zoom(direction));
  for (const name of ["cell-left", "keys-wanted"]) own(name, () => {});
  own("card-wanted", look);
  own("item-moved", ({ by }) => step(by));
  own("cell-placed", ({ box }) => {
    write(role(dialog, "field-error"), "");
    tell(dialog, "cell-missed", { imageId, box });
  });
  role(dialog, "add").addEventListener("click", () => adding(!adder.active));
  dialog.addEventListener("close", () => adding(false));
  dialog.addEventListener("click", ({ target }) => {
    const { zoom: direction, step: by, type } = target.closest("button")?.dataset ?? {};
    if (type) call(type);
    if (direction) zoom(direction);
    if (by) step(Number(by));
  });
  dialog.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Escape") {
      if (adder.active) adding(false);
      else dialog.close();
    } else if (plain && !adder.active && keyed(event.key)) call(keyed(event.key));
    else if (plain && event.key.toLowerCase() === "b" && !role(dialog, "add").hidden) adding(!adder.active);
    else return;
    event.stopPropagation(); // the canvas would leave the cell and keep the dialog
    event.preventDefault();
  }, { capture: true });

  role(dialog, "closer").addEventListener("click", look);
  role(dialog, "commit").addEventListener("click", () => committable(lit()) && call(committable(lit())));

  /** The type that a digit names; 0 and the letters are the canvas's own here. */
  function keyed(key) {
    return (DIGIT.test(key) && page.types.find((type) => type.key === key)?.name) || null;
  }

  function call(type) {
    if (lit() && !isReadOnly(page)) tell(dialog, "compared-classified", { id: state.cellId, type });
  }

  /** Say which cell is lit and what can be done to it; it is on the screen. */
  function showLit() {
    const cell = lit();
    role(dialog, "deciding").hidden = cell === null || isReadOnly(page);
    if (!cell) return;
    write(role(dialog, "lit"), `${_("Cell {id}", cell)}: ${binWords(binOf(cell), page.types)}`);
    role(dialog, "commit").hidden = isDecided(cell) || committable(cell) === null;
    const choices = role(dialog, "choices");
    if (choices.children.length !== page.types.length) choices.replaceChildren(...page.types.map((type) => makeChoice({ ...type, key: DIGIT.test(type.key) ? type.key : null })));
    for (const button of choices.children) button.setAttribute("aria-pressed", String(button.dataset.type === cell.decided_type));
  }

  function zoom(direction) {
    const { image, size } = stage.scene;
    if (!image) return;
    if (direction === "in" || direction === "out") tell(role(dialog, "field"), "zoom-asked", { direction });
    else if (direction === "cell") focus(state.cellId);
    else tell(role(dialog, "field"), "glide", { view: direction === "whole" ? oneToOne(state.view, image, size) : ZOOM_FIT });
  }

  /** Go to a cell, where it is so small in the whole field that going there helps. */
  function focus(id) {
    const { image, size, cells } = stage.scene;
    const cell = cells.find((one) => one.id === id);
    if (image && cell && size.width > 1) tell(role(dialog, "field"), "glide", { view: focusOn(cell.box, image, size) });
  }

  const fields = () => [...page.images.values()].filter(({ kind }) => kind === "field");

  function step(by) {
    const all = fields();
    const at = all.findIndex(({ id }) => id === imageId);
    if (at !== -1 && all.length > 1) show(all[(at + by + all.length) % all.length], null);
  }

  /** Open a cell's field; without one, the first field: it may be that no cell was found in any. */
  function open(cellId) {
    const cell = page.cells.get(cellId);
    const image = cell ? page.images.get(cell.image_id) : fields()[0];
    if (image) show(image, cell?.id ?? null);
  }

  async function show(image, cellId) {
    imageId = image.id;
    adding(false);
    const all = fields();
    const isField = image.kind === "field";
    write(role(dialog, "title"), image.name);
    write(role(dialog, "which"), isField && all.length > 1 ? _("{place} of {total}", { place: all.indexOf(image) + 1, total: all.length }) : "");
    role(dialog, "steps").hidden = !isField || all.length < 2;
    role(dialog, "add").hidden = !isField || page.reading !== null || isReadOnly(page);
    const found = isField ? await others(image.id).catch(() => []) : [];
    if (imageId !== image.id) return; // stepped on meanwhile
    const before = state;
    const layers = { ...smearPage.layers, red_cell: false, platelet: false };
    state = { ...smearPage, layers, items: [asItem(image, asSmear(image, cellsHere(), found), addresses)], selectedId: 1, cellId };
    if (!dialog.open) dialog.showModal();
    stage.update(state, before);
    adder.update();
    showLit();
    role(dialog, "field").focus({ preventScroll: true });
    if (isField && cellId !== null) requestAnimationFrame(() => requestAnimationFrame(() => focus(cellId)));
  }

  function fail(words) {
    write(role(dialog, "field-error"), words);
    adder.goOn();
  }
  /** What was decided here shows here, with the view where it is. */
  function update(now) {
    const changed = page !== null && now.cells !== page.cells;
    page = now;
    if (!changed || !dialog.open || !page.images.has(imageId)) return;
    const [item] = state.items;
    const others = item.answer.smear.cells.filter(({ id }) => id < 0);
    const smear = asSmear(page.images.get(imageId), cellsHere(), others);
    const before = state;
    state = { ...state, items: [{ ...item, answer: { smear } }] };
    stage.update(state, before);
    showLit();
  }
  return { open, update, fail };
}

function asItem(image, smear, addresses) {
  return {
    id: 1, name: image.name, file: null, url: addresses.picture(image.id), previewable: true, status: "done",
    answer: { smear }, original: null, error: null, roundTripMs: null,
  };
}

/** A case's image in the shape of an answer about a field; a person's word goes before the model's. */
function asSmear(image, cells, others) {
  const white = cells.map((cell) => ({
    id: cell.id, kind: "white_cell", score: 1, box: cell.box, cut: false, clumped: false, heatmap: null,
    prediction: asPrediction(cell),
  }));
  const rest = others.map(({ kind, box, score }, index) => ({
    id: -1 - index, kind, score, box, cut: false, clumped: false, heatmap: null, prediction: null,
  }));
  const count = (kind) => [...white, ...rest].filter((cell) => cell.kind === kind).length;
  return {
    width: image.width, height: image.height, cells: [...white, ...rest], warnings: [],
    counts: { white_cell: count("white_cell"), red_cell: count("red_cell"), platelet: count("platelet") },
  };
}

/** A decided cell shows a person's word; its line goes on to say how sure the suggestion was. */
function asPrediction(cell) {
  const { suggestion } = cell;
  if (!isDecided(cell)) return suggestion;
  const blind = { confidence: 0, status: "decided", novelty: 0, probabilities: {} };
  return { ...(suggestion ?? blind), cell_type: cell.decided_type, decided: true };
}
