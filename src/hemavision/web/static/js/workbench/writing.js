/**
 * Decisions on their way to the server, one request after the other: shown at once, then either
 * confirmed, or taken back with what stands there instead. Pure but for what `desk` does.
 */

import { Problem } from "../api.js";
import { doneAgain, takenBack } from "./undo.js";

/**
 * Return {decide, undo, redo, idle}.
 *
 * @param store the page's state
 * @param desk {decide(changes), undo(step)}: a case's, or a second reading's. `changes` are
 *     {id, revision, cell_type}; both resolve to {batch, cells, case}
 * @param report(refusal, ids) tells the person
 */
export function createWriter({ store, desk, report }) {
  let line = Promise.resolve();
  let [waiting, nextKey] = [0, 1];

  function enqueue(job) {
    waiting += 1;
    line = line.then(job).finally(() => { waiting -= 1; });
    return line;
  }

  function decide(wanted) {
    const { cells } = store.state;
    const changes = wanted.filter(([id, type]) => cells.has(id) && cells.get(id).decided_type !== type);
    if (!changes.length) return null;
    const before = changes.map(([id]) => [id, cells.get(id).decided_type]);
    const step = { key: nextKey, batch: undefined, before, after: changes };
    nextKey += 1;
    store.dispatch({ type: "wished", changes, step });
    return enqueue(() => settle(step.key, changes, () => desk.decide(changes.map(toChange))));
  }

  /** Take back, or do again: `turn` moves the step over, `to` says what shows then. */
  function turn(next, action, to) {
    const found = next(store.state.history);
    if (!found) return null;
    const changes = found.step[to];
    const { key } = found.step;
    store.dispatch({ type: action });
    store.dispatch({ type: "wished", changes, step: null });
    return enqueue(() => {
      const { done, undone } = store.state.history;
      // Its number came with the answer to the request before this one, or it was refused.
      const step = [...done, ...undone].find((one) => one.key === key);
      if (!step) return store.dispatch({ type: "refused", ids: changes.map(([id]) => id), changes: [], key });
      return settle(key, changes, () => desk.undo({ ...step, changes: changes.map(toChange) }));
    });
  }

  function toChange([id, type]) {
    return { id, revision: store.state.server.get(id).revision, cell_type: type };
  }

  async function settle(key, changes, send) {
    const ids = changes.map(([id]) => id);
    try {
      const { batch, cells, case: found } = await send();
      store.dispatch({ type: "settled", ids, cells, found, key, batch });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      store.dispatch({ type: "refused", ids, changes: error.changes ?? [], key });
      report(error, changes);
    }
  }

  return {
    decide,
    undo: () => turn(takenBack, "tookBack", "before"),
    redo: () => turn(doneAgain, "didAgain", "after"),
    /** Say whether everything has been answered. */
    get idle() { return waiting === 0; },
    /** Resolve when everything has been answered. */
    rest: () => line,
  };
}
