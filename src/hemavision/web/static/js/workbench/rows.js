/**
 * Where the gallery's tiles lie, as arithmetic, so that a thousand cells need no more elements
 * than the screen shows; and how large a cell is in its frame. Pixels; `top` is from the gallery's first
 * row. Pure.
 */

/** Sides of what a thumbnail and a cut-out show, in longer sides of the cell's box (casework/recognition). */
const SIDES = Object.freeze({ thumbnail: 1.4, cutout: 2 });
/** Of a frame's side, in sides of the largest cell's box; a box longer than so many middle ones is no measure. */
const [ROOM, OUTSIZE] = [1.1, 2];
/** Micrometres of a scale bar: the longest that is no more than this share of the frame. */
const [BARS_UM, BAR_SHARE] = [[50, 20, 10, 5, 2, 1], 0.5];

const longerSide = ({ left, top, right, bottom }) => Math.max(right - left, bottom - top);

/**
 * Return Map image id → {of, window, um}: what the scale is common to, the pixels of the image that a
 * frame's side shows, and the micrometres of one, or null. Size is a diagnostic sign: all cells of a case show at one scale; where pixel
 * sizes are not known, those of fields of one size do, and those of pictures of single cells.
 */
export function scalesOf(cells, images, cameraUm = null) {
  const classes = new Map();
  for (const cell of cells) {
    const image = images.get(cell.image_id);
    if (!image) continue;
    const um = image.pixel_um ?? cameraUm;
    const name = um ? "um" : image.kind === "field" ? [image.width, image.height].sort((a, b) => a - b).join() : image.kind;
    if (!classes.has(name)) classes.set(name, { sides: [], members: new Map() });
    const { sides, members } = classes.get(name);
    sides.push(longerSide(cell.box) * (um ?? 1));
    members.set(image.id, um);
  }
  const scales = new Map();
  for (const [of, { sides, members }] of classes) {
    sides.sort((a, b) => a - b);
    const window = ROOM * Math.min(sides.at(-1), OUTSIZE * sides[Math.floor(sides.length / 2)]);
    for (const [id, um] of members) scales.set(id, { of, window: window / (um ?? 1), um: um ?? null });
  }
  return scales;
}

/**
 * Return where a picture of a cell lies in its frame, {left, top, width, height} in percent of the frame's
 * side, the box's middle in the frame's. `kind` is "thumbnail" or "cutout".
 */
export function framed(box, image, { window }, kind) {
  const [x, y, half] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2, SIDES[kind] * longerSide(box) / 2];
  let shown = { left: x - half, top: y - half, right: x + half, bottom: y + half };
  if (kind === "cutout" && image.kind !== "field") shown = { left: 0, top: 0, right: image.width, bottom: image.height };
  else if (kind === "cutout") {
    shown = {
      left: Math.max(shown.left, 0), top: Math.max(shown.top, 0),
      right: Math.min(shown.right, image.width), bottom: Math.min(shown.bottom, image.height),
    };
  }
  const share = (pixels) => 100 * pixels / window;
  return {
    left: 50 + share(shown.left - x), top: 50 + share(shown.top - y),
    width: share(shown.right - shown.left), height: share(shown.bottom - shown.top),
  };
}

/** Return a scale bar, {um, share}: its length and that in percent of the frame; null where no size is known. */
export function scaleBar({ window, um }) {
  if (!um) return null;
  const length = BARS_UM.find((one) => one <= BAR_SHARE * window * um) ?? BARS_UM.at(-1);
  return { um: length, share: 100 * length / (window * um) };
}

/** A full row fills the width, but tiles never stand further apart than so many gaps. */
const WIDEST_GAPS = 3;

/** Return {columns, step}: how many tiles fit beside each other and how far apart they begin. */
export function columnsFor(width, { tile, gap }) {
  const columns = Math.max(1, Math.floor((width + gap) / (tile + gap)));
  const even = columns > 1 ? (width - tile) / (columns - 1) : 0;
  return { columns, step: Math.floor(Math.min(Math.max(even, tile + gap), tile + WIDEST_GAPS * gap)) };
}

/** Pixels of a sheet: the least and the largest side of a cell, the line under it, and what lies between two. */
const SHEET = Object.freeze({ least: 150, most: 260, caption: 24, gap: 12 });

/** Return {most, columns, side}: how many of `count` cells a room {width, height} shows large, and how. */
export function sheetGrid({ width, height }, count) {
  const side = (most, columns) => Math.floor(Math.min(
    SHEET.most, (width + SHEET.gap) / columns - SHEET.gap, (height + SHEET.gap) / Math.ceil(most / columns) - SHEET.gap - SHEET.caption));
  for (let most = count; ; most -= 1) {
    const ways = Array.from({ length: most }, (_none, index) => ({ most, columns: index + 1, side: side(most, index + 1) }));
    const best = ways.reduce((one, other) => (other.side > one.side ? other : one));
    if (best.side >= SHEET.least || most === 1) return { ...best, side: Math.max(best.side, SHEET.least) };
  }
}

/** Return a sheet's layout for `moveFrom`. */
export const sheetLayout = ({ ids, columns }) => ({ sections: [{ ids, rows: Math.ceil(ids.length / columns), top: 0, head: 0, row: 1 }], columns });

/**
 * Return {sections, height, columns}: a section a group, {name, ids, top, head, foot,
 * rows, row, height}.
 *
 * @param groups [{name, cells}]
 * @param sizes {width, tile, caption, gap, head, foot}
 */
export function layOut(groups, sizes) {
  const { columns, step } = columnsFor(sizes.width, sizes);
  const row = sizes.tile + sizes.caption + sizes.gap;
  let top = 0;
  const sections = groups.map(({ name, cells }) => {
    const rows = Math.ceil(cells.length / columns);
    const section = {
      name, ids: cells.map(({ id }) => id), top, rows, row,
      head: sizes.head, foot: sizes.foot, height: sizes.head + rows * row + sizes.foot,
    };
    top += section.height;
    return section;
  });
  return { sections, height: top, columns, step };
}

/** Return [first, past]: the rows of a section that lie between two heights, and `spare` more. */
export function rowsInSight(section, from, to, spare = 0) {
  const body = section.top + section.head;
  const first = Math.floor((from - body) / section.row) - spare;
  const past = Math.ceil((to - body) / section.row) + spare;
  const within = (row) => Math.min(Math.max(row, 0), section.rows);
  return [within(first), within(past)];
}

/** Return the ids whose whole picture lies between two heights: they have been on the screen. */
export function wholeInSight({ sections, columns }, from, to, tile) {
  return sections.flatMap((section) => {
    const body = section.top + section.head;
    const first = Math.max(0, Math.ceil((from - body) / section.row));
    const past = Math.min(section.rows, Math.floor((to - body - tile) / section.row) + 1);
    return past > first ? section.ids.slice(first * columns, past * columns) : [];
  });
}

/** Return where a cell lies, {section, row, column, top}, or null. */
export function placeOf({ sections, columns }, id) {
  for (const section of sections) {
    const index = section.ids.indexOf(id);
    if (index < 0) continue;
    const row = Math.floor(index / columns);
    return { section, row, column: index % columns, top: section.top + section.head + row * section.row };
  }
  return null;
}

/** Return the ids of the tiles that a rectangle {left, top, right, bottom} touches. */
export function idsWithin({ sections, columns, step }, rect, sizes) {
  const from = Math.max(0, Math.ceil((rect.left - sizes.tile) / step));
  const to = Math.min(columns - 1, Math.floor(rect.right / step));
  const found = [];
  for (const section of sections) {
    const body = section.top + section.head;
    const first = Math.max(0, Math.ceil((rect.top - body - sizes.tile) / section.row));
    const last = Math.min(section.rows - 1, Math.floor((rect.bottom - body) / section.row));
    for (let row = first; row <= last; row += 1) {
      for (let column = from; column <= to; column += 1) {
        const id = section.ids[row * columns + column];
        if (id !== undefined) found.push(id);
      }
    }
  }
  return found;
}

/** Return the id that a move leads to from `id`: across groups, always to a cell. */
export function moveFrom(layout, id, by, pageRows = 3) {
  const { sections, columns } = layout;
  const order = sections.flatMap(({ ids }) => ids);
  if (!order.length) return null;
  const here = placeOf(layout, id);
  if (!here || by === "first") return order[0];
  if (by === "last") return order.at(-1);
  const along = { left: -1, right: 1 }[by];
  if (along) return order[Math.min(Math.max(order.indexOf(id) + along, 0), order.length - 1)];
  const steps = by === "up" || by === "down" ? 1 : pageRows;
  const down = by === "down" || by === "pageDown";
  let place = here;
  for (let step = 0; step < steps; step += 1) place = vertical(sections, columns, place, down) ?? place;
  return place.section.ids[place.row * columns + place.column];
}

function vertical(sections, columns, { section, row, column }, down) {
  const index = sections.indexOf(section);
  const inside = down ? row + 1 < section.rows : row > 0;
  const target = inside ? section : sections[index + (down ? 1 : -1)];
  if (!target) return null;
  const next = inside ? row + (down ? 1 : -1) : (down ? 0 : target.rows - 1);
  const last = target.ids.length - 1 - next * columns;
  return { section: target, row: next, column: Math.min(column, last) };
}

/** Return how far to scroll so that a row lies in sight: the nearest way, 0 for none. */
export function scrollTo(place, from, to, margin) {
  const bottom = place.top + place.section.row;
  // The first row shows its group's head as well.
  const top = place.row === 0 ? place.section.top : place.top - margin;
  if (top < from) return top - from;
  return bottom + margin > to ? bottom + margin - to : 0;
}
