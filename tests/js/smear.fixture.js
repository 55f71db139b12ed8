/** Fields as POST /api/v1/smears answers them, with no more in them than a test asks for. */

const KINDS = ["white_cell", "red_cell", "platelet"];

export function box(left, top, width = 100, height = width) {
  return { left, top, right: left + width, bottom: top + height };
}

export function white(id, where, cellType = "neutrophil", more = {}) {
  const { confidence = 0.98, status = "confident", novelty = 0.3, ...rest } = more;
  const prediction = {
    cell_type: cellType, confidence, status, novelty, box: where,
    probabilities: { [cellType]: confidence, monocyte: 1 - confidence },
  };
  return { id, kind: "white_cell", box: where, score: 0.97, cut: false, clumped: false, prediction, ...rest };
}

export function other(id, kind, where, more = {}) {
  return { id, kind, box: where, score: 0.8, cut: false, clumped: false, prediction: null, ...more };
}

export function smear(cells, more = {}) {
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, cells.filter((cell) => cell.kind === kind).length]));
  const named = cells.filter((cell) => cell.prediction);
  const whole = named.filter((cell) => !cell.cut);
  const known = whole.filter((cell) => cell.prediction.status !== "unfamiliar");
  const cellTypes = { neutrophil: 0, monocyte: 0, lymphocyte: 0 };
  for (const { prediction } of known) cellTypes[prediction.cell_type] += 1;
  return {
    width: 640, height: 480, cells, counts,
    differential: {
      counted: known.length, cell_types: cellTypes,
      left_out: { cut: named.length - whole.length, unfamiliar: whole.length - known.length },
    },
    estimates: { white_per_1000_red: null, platelets_per_red: null },
    warnings: [], sharpness: 20, detector: { name: "fake", sha256: "0".repeat(64) }, milliseconds: 12,
    ...more,
  };
}
