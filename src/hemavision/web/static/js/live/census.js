/** The running differential: distinct cells, each once. Pure. */

import { counts, WHITE } from "./landmarks.js";
import { confidence } from "./naming.js";

export const UNFAMILIAR = "unfamiliar";

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
export function cellRecord({ id, naming, seenWhole, chart, box }, types) {
  return {
    id, cell_type: naming.status === UNFAMILIAR ? null : naming.name, nearest_type: naming.name,
    status: naming.status, confidence: confidence(naming, types), frames: seenWhole,
    mosaic: { chart, box: box.map(Math.round) },
    probabilities: naming.mean && Object.fromEntries(types.map((name, i) => [name, naming.mean[i]])),
  };
}
