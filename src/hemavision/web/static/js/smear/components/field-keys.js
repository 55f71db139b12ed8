/** The keys of the stage. They work while it has the focus and say what they ask for. */

import { tell } from "../../components/dom.js";

/** Key → [event, its detail]. `N` is Shift with n. */
const KEYS = {
  n: ["cell-stepped", { by: 1, along: "reading" }],
  p: ["cell-stepped", { by: -1, along: "reading" }],
  d: ["cell-stepped", { by: 1, along: "doubt" }],
  D: ["cell-stepped", { by: -1, along: "doubt" }],
  a: ["cell-stepped", { by: 1, along: "all" }],
  A: ["cell-stepped", { by: -1, along: "all" }],
  Enter: ["card-wanted", {}],
  Escape: ["cell-left", {}],
  1: ["zoom-wanted", { direction: "whole" }],
  z: ["zoom-wanted", { direction: "cell" }],
  w: ["layer-flipped", { layer: "white_cell" }],
  r: ["layer-flipped", { layer: "red_cell" }],
  t: ["layer-flipped", { layer: "platelet" }],
  l: ["layer-flipped", { layer: "labels" }],
  h: ["layer-flipped", { layer: "heatmaps" }],
  m: ["layer-flipped", { layer: "marks" }],
  "[": ["item-moved", { by: -1 }],
  "]": ["item-moved", { by: 1 }],
  "?": ["keys-wanted", {}],
};

export function mountKeys(element) {
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // Caps lock must not turn a step round: what counts is the shift key.
    const letter = /^[a-z]$/i.test(event.key);
    const key = letter ? (event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase()) : event.key;
    if (!(key in KEYS)) return;
    event.preventDefault();
    tell(element, ...KEYS[key]);
  });
}
