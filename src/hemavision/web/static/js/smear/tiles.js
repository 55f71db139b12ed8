/** The white cells of each field cut out small, once, while the field's picture is at hand. */

import { drawCutOut } from "./heat.js";

const TILE_PX = 144;

/** Return {tileOf(cell), cut(item)}: a cell's canvas, and the drawing of all of a field's. */
export function createTiles(openPicture) {
  const tiles = new WeakMap();
  const tileOf = (cell) => {
    if (!tiles.has(cell)) {
      const canvas = Object.assign(document.createElement("canvas"), { width: TILE_PX, height: TILE_PX });
      tiles.set(cell, canvas);
    }
    return tiles.get(cell);
  };
  return {
    tileOf,
    async cut(item) {
      const picture = await openPicture(item);
      if (!picture) return;
      for (const cell of item.answer.smear.cells) {
        if (cell.prediction) drawCutOut(tileOf(cell), cell, picture);
      }
    },
  };
}
