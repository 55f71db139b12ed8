/** The running differential: distinct cells, each once; and the file beside a saved frame. Pure. */

import { confidence, counts, WHITE } from "./landmarks.js";
import { inView } from "./mosaic.js";

const UNFAMILIAR = "unfamiliar";
const NOTICE = "For research use only. Not for use in diagnostic procedures.";

/**
 * Return {white, named, unfamiliar, check, types: [{name, count, share, check}], red, platelets}.
 *
 * A white cell unlike all that the model knows is counted, but under no name: its name is not to
 * be relied on. Shares are of the named cells.
 */
export function census(mosaic, types) {
  const cells = mosaic.landmarks.filter(counts);
  const white = cells.filter(({ kind }) => kind === WHITE);
  const named = white.filter(({ naming }) => naming.name && naming.status !== UNFAMILIAR);
  const rows = types.map((name) => {
    const own = named.filter(({ naming }) => naming.name === name);
    const check = own.filter(({ naming }) => naming.status === "check").length;
    return { name, count: own.length, share: named.length ? own.length / named.length : 0, check };
  });
  const tally = (kind) => cells.filter((cell) => cell.kind === kind).length + (mosaic.gone[kind] ?? 0);
  return {
    white: white.length, named: named.length, unfamiliar: white.length - named.length,
    check: rows.reduce((sum, { check }) => sum + check, 0), types: rows,
    red: tally("red_cell"), platelets: tally("platelet"),
  };
}

/** Return one distinct white cell as a record for a file. */
function cellRecord({ id, naming, seenWhole, chart, box }, types) {
  return {
    id, cell_type: naming.status === UNFAMILIAR ? null : naming.name, nearest_type: naming.name,
    status: naming.status, confidence: confidence(naming, types), frames: seenWhole,
    mosaic: { chart, box: box.map(Math.round) },
    probabilities: naming.mean && Object.fromEntries(types.map((name, i) => [name, naming.mean[i]])),
  };
}

/** Return the file beside a saved frame, JSON text: what is in the frame, and the count so far. */
export function snapshotJson(state, date) {
  const { picture, mosaic, types, cameras, cameraId } = state;
  const { answer } = picture;
  const here = inView(mosaic, picture).map((cell) => ({
    kind: cell.kind, box: cell.box.map(Math.round), counted: counts(cell),
    ...(cell.kind === WHITE ? { white_cell: cellRecord(cell, types) } : {}),
  }));
  const white = mosaic.landmarks.filter((mark) => mark.kind === WHITE && counts(mark));
  return JSON.stringify({
    taken: date.toISOString(),
    camera: cameras.find(({ id }) => id === cameraId)?.label ?? null,
    frame: { width: picture.width, height: picture.height, cells: here },
    differential: census(mosaic, types),
    white_cells: white.map((mark) => cellRecord(mark, types)),
    warnings: answer.warnings, model: answer.model, detector: answer.detector, notice: NOTICE,
  }, null, 2);
}
