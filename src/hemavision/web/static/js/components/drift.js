/**
 * Out-of-focus cells that drift behind the page. Every frame makes the browser compose the whole
 * window, which without a GPU takes 8 to 14 ms; but the cells are blurred and move less than
 * 1.7 pixels between frames, so few frames look smooth and keep all of the browser's processes
 * together under 2% of a core. Nothing runs while the tab is hidden or motion is unwanted.
 */

import { stillness } from "./dom.js";

const FRAME_MS = 900;
const SHRINK = 6; // the canvas is this much smaller than the window: blur needs no pixels
const CELLS = 16;

/** Return where a cell is after `seconds`, in a field that wraps around. Pure. */
export function positionAt(cell, seconds, width, height) {
  const wrap = (value, size) => ((value % size) + size) % size;
  const room = cell.radius * 2; // enter and leave out of sight
  return {
    x: wrap(cell.x * width + cell.vx * seconds, width + 2 * room) - room,
    y: wrap(cell.y * height + cell.vy * seconds, height + 2 * room) - room,
  };
}

/** Return the cells of a field, from a small generator so that every visit looks alike. */
export function makeCells(count = CELLS) {
  let seed = 7;
  const random = () => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647;
  };
  return Array.from({ length: count }, (_, index) => ({
    x: random(), y: random(),
    vx: 0.6 + 1.1 * random(), vy: -0.2 - 0.5 * random(), // pixels a second
    radius: 26 + 80 * random() ** 2,
    white: index % 6 === 0,
  }));
}

export function mountDrift(canvas) {
  const context = canvas.getContext("2d");
  const cells = makeCells().map((cell) => ({ ...cell, sprite: sprite(cell) }));
  let timer = null;

  const draw = () => {
    const [width, height] = [canvas.width * SHRINK, canvas.height * SHRINK];
    const seconds = performance.now() / 1000;
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const cell of cells) {
      const { x, y } = positionAt(cell, seconds, width, height);
      context.drawImage(cell.sprite, (x - cell.radius) / SHRINK, (y - cell.radius) / SHRINK);
    }
  };
  const resize = () => {
    canvas.width = Math.ceil(window.innerWidth / SHRINK);
    canvas.height = Math.ceil(window.innerHeight / SHRINK);
    draw();
  };
  const start = () => {
    clearInterval(timer);
    const still = stillness.matches || document.hidden;
    timer = still ? null : setInterval(draw, FRAME_MS);
  };
  resize();
  start();
  window.addEventListener("resize", resize);
  document.addEventListener("visibilitychange", start);
  stillness.addEventListener("change", start);
}

/** Draw one cell once: a rose disc with a pale middle, or a violet one. */
function sprite({ radius, white }) {
  const r = radius / SHRINK;
  const canvas = new OffscreenCanvas(Math.ceil(2 * r), Math.ceil(2 * r));
  const context = canvas.getContext("2d");
  const glow = context.createRadialGradient(r, r, 0, r, r, r);
  const [inner, outer] = white
    ? ["rgba(126, 98, 232, 0.20)", "rgba(98, 118, 226, 0.10)"]
    : ["rgba(206, 92, 130, 0.05)", "rgba(214, 96, 134, 0.13)"];
  glow.addColorStop(0, inner);
  glow.addColorStop(0.62, outer);
  glow.addColorStop(1, "rgba(90, 50, 120, 0)");
  context.fillStyle = glow;
  context.fillRect(0, 0, 2 * r, 2 * r);
  return canvas;
}
