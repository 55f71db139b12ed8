/**
 * A cell in its field: the Smear page's canvas over what the case keeps. The canvas speaks by
 * events that stay inside the dialog; it opens cells by `cell-inspected`, and says `cell-missed`
 * where a reader adds one.
 */

import { role, stillness, tell, write } from "../../components/dom.js";
import { initialState as smearPage, reduce } from "../../smear/state.js";
import { mountField } from "../../smear/components/field.js";
import { focusOn, oneToOne } from "../../smear/framing.js";
import { createPictures } from "../../smear/pictures.js";
import { ZOOM_FIT } from "../../state.js";
import { isDecided } from "../cells.js";
import { isReadOnly } from "../state.js";
import { mountAdder } from "./adder.js";

/** `others(imageId)` resolves to what else was found there. Return {open(cellId), update, fail(words)}. */
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
  const adding = (on) => {
    write(role(dialog, "field-error"), "");
    dialog.dataset.adding = String(on);
    role(dialog, "add").setAttribute("aria-pressed", String(on));
    if (on) adder.start([...page.cells.values()].filter((cell) => cell.image_id === imageId).map(({ box }) => box));
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
  for (const name of ["cell-left", "item-moved", "keys-wanted"]) own(name, () => {});
  own("card-wanted", () => {
    if (page.cells.has(state.cellId)) tell(role(dialog, "field"), "cell-opened", { id: state.cellId });
  });
  own("cell-placed", ({ box }) => tell(dialog, "cell-missed", { imageId, box }));
  role(dialog, "add").addEventListener("click", () => adding(!adder.active));
  dialog.addEventListener("close", () => adding(false));
  dialog.addEventListener("click", ({ target }) => {
    const button = target.closest("button[data-zoom]");
    if (button) zoom(button.dataset.zoom);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation(); // the canvas would leave the cell and keep the dialog
    event.preventDefault();
    if (adder.active) adding(false);
    else dialog.close();
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

  async function open(cellId) {
    const cell = page.cells.get(cellId);
    const image = page.images.get(cell.image_id);
    imageId = image.id;
    adding(false);
    write(role(dialog, "title"), image.name);
    role(dialog, "add").hidden = image.kind !== "field" || page.reading !== null || isReadOnly(page);
    const found = image.kind === "field" ? await others(image.id).catch(() => []) : [];
    state = { ...smearPage, layers: { ...smearPage.layers, red_cell: false, platelet: false } };
    const shown = asSmear(image, [...page.cells.values()].filter((one) => one.image_id === image.id), found);
    const before = state;
    state = { ...state, items: [asItem(image, shown, addresses)], selectedId: 1, cellId };
    if (!dialog.open) dialog.showModal();
    stage.update(state, before);
    role(dialog, "field").focus({ preventScroll: true });
    const settle = () => requestAnimationFrame(() => requestAnimationFrame(() => focus(cellId)));
    if (image.kind === "field") settle();
  }
  return { open, update(now) { page = now; }, fail(words) { write(role(dialog, "field-error"), words); } };
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
