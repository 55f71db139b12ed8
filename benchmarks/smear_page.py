"""The Smear page's stage: time a frame with 2,000 boxes on a canvas, beside 2,000 elements.

Both show the same boxes over the same picture in the same Chromium without a graphics card, and
move through the same views; rounds alternate, and each forms its own ratio. The elements have
borders only: no labels, no marks, which the canvas draws too. A frame's time is from one animation
frame to the next, so 16.7 ms is the least there is.

    python benchmarks/smear_page.py --rounds 5
"""

from __future__ import annotations

import argparse
import logging
import shutil
import threading
from statistics import median

from playwright.sync_api import sync_playwright
from waitress.server import create_server

from hemavision.web import create_app

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
#: What moves: its name and the zoom it starts and ends at, in fitted sizes.
MOVES = {"pan, fitted": (1.02, 1.02), "pan, three times": (3.0, 3.0), "zoom in": (1.02, 12.0)}

SCENE = """async () => {
  const { paint } = await import("/static/js/smear/painting.js");
  const { makePyramid } = await import("/static/js/smear/pictures.js");
  const { place } = await import("/static/js/viewport.js");
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const image = { width: 7680, height: 4320 };
  const size = { width: 908, height: 570 };
  const SIDES = { white_cell: 200, red_cell: 105, platelet: 40 };
  const cells = Array.from({ length: 2000 }, (_, id) => {
    const kind = id % 15 === 0 ? "white_cell" : id % 15 === 1 ? "platelet" : "red_cell";
    const [left, top] = [random() * (image.width - 200), random() * (image.height - 200)];
    const box = { left, top, right: left + SIDES[kind], bottom: top + SIDES[kind] };
    const prediction = { cell_type: "neutrophil", status: "confident", confidence: 0.9 };
    return { id, kind, box, score: 0.9, cut: false, clumped: id % 3 === 0,
      prediction: kind === "white_cell" ? prediction : null };
  });
  const picture = new OffscreenCanvas(image.width, image.height);
  const ink = picture.getContext("2d");
  for (let i = 0; i < 3000; i += 1) {
    ink.fillStyle = `hsl(${random() * 360} 60% 70%)`;
    ink.fillRect(random() * image.width, random() * image.height, 90, 90);
  }
  const levels = makePyramid(picture, image.width, image.height);
  const canvas = Object.assign(document.createElement("canvas"), size);
  const layers = Object.fromEntries(
    [...Object.keys(SIDES), "labels", "marks"].map((name) => [name, true]));
  const scene = { canvas, size, image, picture: { levels }, cells, lit: null, shown: 1,
    labels: {}, layers: new WeakMap(), widths: new Map(),
    state: { view: null, opacity: 0.5, layers } };
  const sheet = document.createElement("div");
  const still = document.createElement("canvas");
  const { picture: small } = levels.at(-1);
  Object.assign(still, { width: small.width, height: small.height });
  still.getContext("2d").drawImage(small, 0, 0);
  sheet.append(still, ...cells.map(({ box, kind }) => {
    const element = document.createElement("div");
    Object.assign(element.style, { position: "absolute", left: `${box.left}px`, top: `${box.top}px`,
      width: `${box.right - box.left}px`, height: `${box.bottom - box.top}px`,
      border: "8px solid #fff", borderRadius: kind === "red_cell" ? "42%" : "0" });
    return element;
  }));
  Object.assign(still.style, { width: `${image.width}px`, height: `${image.height}px` });
  Object.assign(sheet.style, { position: "absolute", transformOrigin: "0 0" });
  const stage = document.createElement("div");
  Object.assign(stage.style,
    { position: "relative", overflow: "hidden", width: "908px", height: "570px" });
  document.body.replaceChildren(stage);
  const ways = {
    canvas: { element: canvas, show(view) { scene.state.view = view; paint(scene); } },
    elements: { element: sheet, show(view) {
      const { scale, left, top } = place(view, image, size);
      sheet.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
    } },
  };
  window.run = async (way, [from, to], frames) => {
    stage.replaceChildren(ways[way].element);
    const next = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const times = [];
    await next();
    let last = await next();
    for (let i = 0; i < frames; i += 1) {
      const t = i / frames;
      ways[way].show({ zoom: from * (to / from) ** t, x: 0.45 + 0.1 * t, y: 0.5 });
      const now = await next();
      times.push(now - last);
      last = now;
    }
    return times.sort((a, b) => a - b)[Math.floor(frames / 2)];
  };
}"""


def measure(rounds: int, frames: int) -> dict[str, list[tuple[float, float]]]:
    """Return, for each move, the rounds' median milliseconds a frame: (canvas, elements)."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = create_server(create_app(), host="127.0.0.1", port=0, threads=2)
    threading.Thread(target=server.run, daemon=True).start()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in MOVES}
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"http://127.0.0.1:{server.effective_port}/smear")
        page.evaluate(SCENE)
        for _ in range(rounds):
            for name, zooms in MOVES.items():
                canvas, elements = (
                    page.evaluate("([way, zooms, n]) => run(way, zooms, n)", [way, zooms, frames])
                    for way in ("canvas", "elements")
                )
                found[name].append((canvas, elements))
        browser.close()
    server.close()
    return found


def main() -> None:
    """Print a line a move: milliseconds a frame both ways, and their ratio's median and range."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=60)
    chosen = parser.parse_args()
    print("2,000 boxes           canvas ms  elements ms  elements/canvas")
    for name, rounds in measure(chosen.rounds, chosen.frames).items():
        ratios = sorted(elements / canvas for canvas, elements in rounds)
        canvas, elements = (median(times) for times in zip(*rounds, strict=True))
        spread = f"{median(ratios):.1f} [{ratios[0]:.1f}, {ratios[-1]:.1f}]"
        print(f"{name:<20} {canvas:>10.1f} {elements:>12.1f}  {spread}")


if __name__ == "__main__":
    main()
