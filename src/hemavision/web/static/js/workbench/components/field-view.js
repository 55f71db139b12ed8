/**
 * A case's fields, one at a time: the Smear page's canvas over what the case keeps. The canvas
 * speaks by events that stay inside the dialog; it opens cells by `cell-inspected`, and says
 * `cell-missed` where a reader adds one.
 */

import { role, tell, write } from "../../components/dom.js";
import { mountField } from "../../smear/components/field.js";
import { createPictures } from "../../smear/pictures.js";
import { initialState as smearPage, reduce } from "../../smear/state.js";
import { ZOOM_FIT } from "../../state.js";
import { focusOn, oneToOne } from "../../viewport.js";
import { isDecided } from "../cells.js";
import { isReadOnly } from "../state.js";
import { mountAdder } from "./adding.js";

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
  own("cell-opened", ({ id }) => {
    if (!page.cells.has(id)) return;
    dialog.close();
    tell(dialog, "cell-inspected", { id });
  });
  own("cell-stepped", ({ by, along }) => {
    send({ type: "cellStepped", by, along });
    focus(state.cellId);
  });
  own("layer-flipped", ({ layer }) => send({ type: "layerToggled", layer, on: !state.layers[layer] }));
  own("zoom-wanted", ({ direction }) => zoom(direction));
  for (const name of ["cell-left", "keys-wanted"]) own(name, () => {});
  own("card-wanted", () => {
    if (page.cells.has(state.cellId)) tell(role(dialog, "field"), "cell-opened", { id: state.cellId });
  });
  own("item-moved", ({ by }) => step(by));
  own("cell-placed", ({ box }) => {
    write(role(dialog, "field-error"), "");
    tell(dialog, "cell-missed", { imageId, box });
  });
  role(dialog, "add").addEventListener("click", () => adding(!adder.active));
  dialog.addEventListener("close", () => adding(false));
  dialog.addEventListener("click", ({ target }) => {
    const { zoom: direction, step: by } = target.closest("button")?.dataset ?? {};
    if (direction) zoom(direction);
    if (by) step(Number(by));
  });
  dialog.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Escape") {
      if (adder.active) adding(false);
      else dialog.close();
    } else if (plain && event.key.toLowerCase() === "b" && !role(dialog, "add").hidden) adding(!adder.active);
    else return;
    event.stopPropagation(); // the canvas would leave the cell and keep the dialog
    event.preventDefault();
  }, { capture: true });

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
    write(role(dialog, "which"), isField && all.length > 1 ? `${all.indexOf(image) + 1} of ${all.length}` : "");
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
    role(dialog, "field").focus({ preventScroll: true });
    if (isField && cellId !== null) requestAnimationFrame(() => requestAnimationFrame(() => focus(cellId)));
  }

  function fail(words) {
    write(role(dialog, "field-error"), words);
    adder.goOn();
  }
  return { open, update(now) { page = now; }, fail };
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

/** A decided cell shows a person's word without the model's percentage. */
function asPrediction(cell) {
  const { suggestion } = cell;
  const status = { confident: "suggested" }[suggestion?.status] ?? suggestion?.status;
  if (!isDecided(cell)) return suggestion && { ...suggestion, status };
  return {
    cell_type: cell.decided_type, confidence: suggestion?.confidence ?? 0, status: "decided", novelty: 0,
    probabilities: suggestion?.probabilities ?? {},
  };
}
