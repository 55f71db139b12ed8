/** The file beside a saved frame: what is in the frame, and the count so far. Pure. */

import { cellRecord, census } from "./census.js";
import { counts, WHITE } from "./landmarks.js";
import { inView } from "./mosaic.js";

export const NOTICE = "For research use only. Not for use in diagnostic procedures.";

/** Return the state's frame and differential as JSON text. */
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
