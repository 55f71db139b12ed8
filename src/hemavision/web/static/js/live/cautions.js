/** What the server warns of, steadily: one odd frame shows nothing and hides nothing. Pure. */

const STEADY_FRAMES = 6;

export const noCautions = Object.freeze({ runs: {}, shown: [] });

/** Return {runs, shown} after a frame's warnings [{code, message}]; `shown` are those to say. */
export function cautioned({ runs, shown }, warnings) {
  const now = new Map(warnings.map((warning) => [warning.code, warning]));
  const next = {};
  for (const code of new Set([...Object.keys(runs), ...now.keys()])) {
    const run = (runs[code] ?? 0) + (now.has(code) ? 1 : -1);
    if (run > 0) next[code] = Math.min(run, 2 * STEADY_FRAMES);
  }
  const kept = shown.filter(({ code }) => next[code]);
  const fresh = warnings.filter(({ code }) => next[code] >= STEADY_FRAMES && !kept.some((old) => old.code === code));
  return { runs: next, shown: fresh.length || kept.length < shown.length ? [...kept, ...fresh] : shown };
}
