/**
 * Adding a cell to a field by hand: a square that follows the pointer or the arrow keys over the
 * canvas. It lies over the canvas and takes its clicks and keys before it. Says `cell-placed`.
 */

import { role, tell } from "../../components/dom.js";
import { place } from "../../viewport.js";
import { boxOf, firstSquare, movedTo, sized } from "../pointing.js";

const STEP_PX = 12; // on the screen
const CLICK_PX = 6; // a press that moves further drags the field
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Return {start(boxes), stop, update, active}; `scene()` gives {image, size, view}, or null. */
export function mountAdder(field, scene) {
  const frame = role(field, "adder");
  let [square, pressed] = [null, null];

  function draw() {
    frame.hidden = square === null;
    const now = scene();
    if (!square || !now) return;
    const { scale, left, top } = place(now.view, now.image, now.size);
    const side = square.side * scale;
    frame.style.setProperty("width", `${side}px`);
    frame.style.setProperty("height", `${side}px`);
    frame.style.setProperty("transform", `translate(${left + square.x * scale - side / 2}px, ${top + square.y * scale - side / 2}px)`);
  }
  function change(next) {
    square = next;
    draw();
  }
  const under = ({ clientX, clientY }, { image, size, view }) => {
    const bounds = field.getBoundingClientRect();
    const { scale, left, top } = place(view, image, size);
    return { x: (clientX - bounds.left - left) / scale, y: (clientY - bounds.top - top) / scale };
  };
  const put = () => tell(field, "cell-placed", { box: boxOf(square, scene().image) });
  /** Take an event before the canvas does, while there is a square. */
  const first = (name, act) => field.addEventListener(name, (event) => {
    const now = scene();
    if (square && now && act(event, now)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, { capture: true });

  first("pointerdown", (event, now) => {
    pressed = event;
    if (event.pointerType === "touch") change(movedTo(square, under(event, now), now.image));
    return false; // the canvas may be dragged
  });
  first("pointermove", (event, now) => {
    if (event.buttons === 0) change(movedTo(square, under(event, now), now.image));
    return event.buttons === 0;
  });
  first("click", (event, now) => {
    if (pressed && Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY) <= CLICK_PX) {
      change(movedTo(square, under(event, now), now.image));
      put();
    }
    return true;
  });
  first("keydown", (event, { image, size, view }) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "Enter") put();
    else if (event.key in ARROWS) {
      const [x, y] = ARROWS[event.key];
      const step = STEP_PX / place(view, image, size).scale;
      if (event.shiftKey) change(sized(square, x - y, image));
      else change(movedTo(square, { x: square.x + x * step, y: square.y + y * step }, image));
    } else return false;
    return true;
  });

  return {
    start(boxes) {
      const now = scene();
      if (!now) return;
      change(firstSquare(now.image, boxes, now.view));
      field.focus({ preventScroll: true });
    },
    stop: () => change(null),
    update: draw,
    get active() { return square !== null; },
  };
}
