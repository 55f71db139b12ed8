/** Cells added by hand: missed ones, in a box over their field, and cut ones, by a press. */

import { make, role, tell, write } from "../../components/dom.js";
import { place, reveal } from "../../viewport.js";
import { drawn, edgesOf, firstBox, movedTo, sized } from "../pointing.js";
import { isReadOnly } from "../state.js";
import { cutWords } from "../words.js";
import { _ } from "../../words.js";

const STEP_PX = 12; // on the screen
const CLICK_PX = 6; // a press that moves further draws
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * A box that follows the pointer or the arrow keys over the canvas, or is drawn there. It takes the
 * canvas's pointers and keys before it; two fingers and the wheel still zoom. Says `cell-placed`, and
 * `glide` where the keys take the box out of sight.
 *
 * Return {start(boxes), stop, goOn, update, active}; `scene()` gives {image, size, view}, or null.
 * Once a cell is placed the box waits where it is for `stop` or `goOn`.
 */
export function mountAdder(field, scene) {
  const frame = role(field, "adder");
  // `press` is that of the one pointer that may draw: {id, event, at, before}.
  const hand = { box: null, press: null, waiting: false, change, put, first, also };

  function draw() {
    const { box } = hand;
    frame.hidden = box === null;
    const now = scene();
    if (!box || !now) return;
    const { scale, left, top } = place(now.view, now.image, now.size);
    const [width, height] = [box.width * scale, box.height * scale];
    frame.style.setProperty("width", `${width}px`);
    frame.style.setProperty("height", `${height}px`);
    frame.style.setProperty("transform", `translate(${left + box.x * scale - width / 2}px, ${top + box.y * scale - height / 2}px)`);
  }
  function change(box) {
    hand.box = box;
    draw();
  }
  function put() {
    wait(true);
    tell(field, "cell-placed", { box: edgesOf(hand.box, scene().image) });
  }
  function wait(on) {
    hand.waiting = on;
    frame.dataset.waiting = String(on);
  }
  /** Do something before the canvas does, while there is a box. */
  function also(name, act) {
    field.addEventListener(name, (event) => {
      const now = scene();
      if (hand.box && now) act(event, now);
    }, { capture: true });
  }
  /** Do something in the canvas's place where `act` says that it was for the box. */
  function first(name, act) {
    also(name, (event, now) => {
      if (!act(event, now)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    });
  }
  mountPointer(field, hand);
  mountKeys(field, hand);

  function begin(box) {
    hand.press = null;
    wait(false);
    change(box);
  }
  return {
    start(boxes) {
      const now = scene();
      if (!now) return;
      begin(firstBox(now.image, boxes, now.view));
      field.focus({ preventScroll: true });
    },
    stop: () => begin(null),
    goOn: () => wait(false),
    update: draw,
    get active() { return hand.box !== null; },
  };
}

/** A resting pointer moves the box, a click puts it, a press that moves draws another one and puts that. */
function mountPointer(field, hand) {
  const under = ({ clientX, clientY }, { image, size, view }) => {
    const bounds = field.getBoundingClientRect();
    const { scale, left, top } = place(view, image, size);
    return { x: (clientX - bounds.left - left) / scale, y: (clientY - bounds.top - top) / scale };
  };
  const follow = (event, now) => hand.change(movedTo(hand.box, under(event, now), now.image));
  const draws = ({ pointerId, clientX, clientY }, { id, event }) =>
    id === pointerId && Math.hypot(clientX - event.clientX, clientY - event.clientY) > CLICK_PX;
  const giveUp = () => {
    if (hand.press) hand.change(hand.press.before);
    hand.press = null;
  };

  hand.also("pointerdown", (event, now) => { // the canvas knows of it too, for two fingers
    if (hand.waiting) return;
    if (!event.isPrimary) giveUp();
    else if (event.button === 0) {
      hand.press = { id: event.pointerId, event, at: under(event, now), before: hand.box };
      follow(event, now);
    }
  });
  hand.first("pointermove", (event, now) => {
    const { press } = hand;
    if (hand.waiting) return true;
    if (press && draws(event, press)) hand.change(drawn(press.at, under(event, now), now.image));
    else if (event.buttons === 0) follow(event, now);
    return press !== null || event.buttons === 0;
  });
  hand.also("pointerup", (event) => {
    if (hand.press?.id !== event.pointerId) return;
    hand.press = null;
    hand.put();
  });
  hand.also("pointercancel", giveUp);
  hand.first("click", () => true); // it would open the cell under it
}

function mountKeys(field, hand) {
  const keys = (event, { image, size, view }) => {
    if (event.key === "Enter") return hand.put();
    const [x, y] = ARROWS[event.key];
    const { box } = hand;
    const step = STEP_PX / place(view, image, size).scale;
    hand.change(event.shiftKey ? sized(box, x - y, image) : movedTo(box, { x: box.x + x * step, y: box.y + y * step }, image));
    const seen = reveal(view, edgesOf(hand.box, image), image, size);
    if (seen !== view) tell(field, "glide", { view: seen });
    return undefined;
  };
  hand.first("keydown", (event, now) => {
    const mine = event.key === "Enter" || event.key in ARROWS;
    if (!mine || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (!hand.waiting) keys(event, now);
    return true;
  });
}

/**
 * White cells that a field's border cuts: each is counted by a press or K, or stays out. Says
 * `cut-counted`. `part(imageId, box)` is the address of a picture. Return {open(), update(state),
 * fail(words)}.
 */
export function mountCutCells(dialog, part) {
  const list = role(dialog, "cells");
  let [page, shown] = [null, null];
  dialog.addEventListener("click", ({ target }) => count(target.closest("[data-cut]")));
  dialog.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    count(list.contains(document.activeElement) ? document.activeElement.closest("[data-cut]") : list.querySelector("[data-cut]"));
  });

  function count(button) {
    if (!button || button.disabled) return;
    button.disabled = true; // one press, one cell
    tell(button, "cut-counted", page.cut[Number(button.dataset.cut)]);
  }

  function fill() {
    const at = [...list.querySelectorAll("[data-cut]")].indexOf(document.activeElement);
    const locked = isReadOnly(page) || page.reading !== null;
    write(role(dialog, "words"), page.cut.length
      ? `${cutWords(page.cut.length)}: ${_("what is left of a cell may not be enough to name it. Count one and the model names it; you decide.")}`
      : _("Every one is counted."));
    list.replaceChildren(...page.cut.map((cell, index) => makeItem(cell, index, locked)));
    const buttons = list.querySelectorAll("[data-cut]");
    if (dialog.open) (buttons[Math.min(Math.max(at, 0), buttons.length - 1)] ?? dialog.querySelector("form button")).focus();
  }

  function makeItem({ image_id: imageId, box }, index, locked) {
    const name = page.images.get(imageId)?.name ?? "";
    const picture = make("img", { src: part(imageId, box), alt: _("White cell at the border of {name}", { name }) });
    const button = make("button", { type: "button", className: "mini", disabled: locked, title: _("{name}: count it (k)", { name }) }, picture, make("span", { textContent: _("Count it") }));
    button.dataset.cut = index;
    return make("li", {}, button);
  }

  return {
    open() {
      write(role(dialog, "error"), "");
      dialog.showModal();
      fill();
    },
    update(state) {
      page = state;
      if (!dialog.open || state.cut === shown) return;
      shown = state.cut;
      fill();
    },
    fail(words) {
      write(role(dialog, "error"), words);
      fill();
    },
  };
}
