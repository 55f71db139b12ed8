/** What was done and can be taken back, in order. Pure. */

export const emptyHistory = Object.freeze({ done: [], undone: [] });
/** So many steps are kept. */
export const MOST_STEPS = 500;

/**
 * Return the history with one more step; what had been taken back is gone. A step is {key, batch,
 * before, after}: pairs [id, type] of the cells, `batch` the server's number once it is known; or {key,
 * added, …}: a cell that was added by hand, which taking back takes out.
 */
export function pushed({ done }, step) {
  return { done: [...done, step].slice(-MOST_STEPS), undone: [] };
}

/** Return {history, step} with the last step taken back, or null where there is none. */
export function takenBack({ done, undone }) {
  const step = done.at(-1);
  return step ? { step, history: { done: done.slice(0, -1), undone: [...undone, step] } } : null;
}

/** Return {history, step} with what was taken back last done again, or null. */
export function doneAgain({ done, undone }) {
  const step = undone.at(-1);
  return step ? { step, history: { done: [...done, step], undone: undone.slice(0, -1) } } : null;
}

/** Return the history without cells that are gone, and without steps that nothing is left of. */
export function onlyOf(history, has) {
  const there = (steps) => steps
    .map((step) => ({ ...step, before: step.before.filter(([id]) => has(id)), after: step.after.filter(([id]) => has(id)) }))
    .filter(({ after, added }) => after.length || has(added));
  return { done: there(history.done), undone: there(history.undone) };
}

/** Return the history with a step's batch known: the one that undoing it next has to name. */
export function numbered(history, key, batch) {
  const number = (step) => (step.key === key ? { ...step, batch } : step);
  return { done: history.done.map(number), undone: history.undone.map(number) };
}

/** Return the history without a step: it was refused, or came to nothing. */
export function without(history, key) {
  const keep = (step) => step.key !== key;
  return { done: history.done.filter(keep), undone: history.undone.filter(keep) };
}
