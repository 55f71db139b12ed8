/**
 * What a reader does, on its way into the case. Decisions go one request after the other: shown at
 * once, then either confirmed, or taken back with what stands there instead. Pure but for what `desk`
 * and `api` do.
 */

import { newKey, Problem, Unreachable } from "../api.js";
import { isTyped } from "./entered.js";
import { doneAgain, takenBack } from "./state.js";

const WAIT_MS = 500;

/** Send until the server has answered: what it has done by then it knows by its key, and does not do again. */
async function answered(send, back) {
  const key = newKey();
  for (;;) {
    try {
      return await send(key);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      await back();
    }
  }
}

/**
 * Return {decide, undo, redo, idle}.
 *
 * @param store the page's state
 * @param desk {decide(changes, asSuggested, key), undo(step, key)}: a case's, or a second reading's. `changes` are
 *     {id, revision, cell_type}; both resolve to {batch, cells, case, left_out}
 * @param back() resolves when a server that did not answer does again
 * @param report(refusal, ids) tells the person
 * @param withdraw(id) takes out a cell that was added by hand
 * @param leftOut({unseen, doubtful}) does where the server let cells be: the gate is its own as well
 */
export function createWriter({ store, desk, back, report, leftOut, withdraw }) {
  let line = Promise.resolve();
  let [waiting, nextKey] = [0, 1];

  function enqueue(job) {
    waiting += 1;
    line = line.then(job).finally(() => { waiting -= 1; });
    return line;
  }

  /** `asSuggested`: the model's word is taken, of what it does not doubt itself. */
  function decide(wanted, asSuggested = false) {
    const { cells } = store.state;
    const changes = wanted.filter(([id, type]) => cells.has(id) && cells.get(id).decided_type !== type);
    if (!changes.length) return null;
    const before = changes.map(([id]) => [id, cells.get(id).decided_type]);
    const step = { key: nextKey, batch: undefined, before, after: changes };
    nextKey += 1;
    store.dispatch({ type: "wished", changes, step });
    return enqueue(() => settle(step.key, changes, (key) => desk.decide(changes.map(toChange), asSuggested, key)));
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
      return settle(key, changes, (name) => desk.undo({ ...step, changes: changes.map(toChange) }, name));
    });
  }

  function toChange([id, type]) {
    return { id, revision: store.state.server.get(id).revision, cell_type: type };
  }

  async function settle(key, changes, send) {
    const ids = changes.map(([id]) => id);
    try {
      const { batch, cells, case: found, left_out: left } = await answered(send, back);
      store.dispatch({ type: "settled", ids, cells, found, key, batch });
      if (left.unseen.length || left.doubtful.length) leftOut(left);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      store.dispatch({ type: "refused", ids, changes: error.changes ?? [], key });
      report(error, changes);
    }
  }

  return {
    decide,
    undo: () => {
      const last = store.state.history.done.at(-1);
      if (!last?.added) return turn(takenBack, "tookBack", "before");
      store.dispatch({ type: "withdrawn", key: last.key });
      return enqueue(() => withdraw(last.added));
    },
    redo: () => turn(doneAgain, "didAgain", "after"),
    /** Say whether everything has been answered. */
    get idle() { return waiting === 0; },
    /** Resolve when everything has been answered. */
    rest: () => line,
  };
}

/**
 * What a reader enters beside the cells, sent a moment after the last change. Return {soon, rest}.
 *
 * @param store the page's state: `entries` are the case's, `typed` what was changed since
 * @param back() resolves when a server that did not answer does again
 * @param report(refusal) tells the person that somebody else was first
 */
export function createEntering({ api, store, root, back, report }) {
  let line = Promise.resolve();
  let timer = 0;

  async function send() {
    const { entries, typed } = store.state;
    if (!isTyped(typed)) return;
    try {
      const { entries: now, case: found } = await answered(
        (key) => api.put(`${root}/entries`, { ...entries, ...typed }, key), back);
      store.dispatch({ type: "entered", entries: now, sent: typed, found });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const [theirs = null] = error.code === "changed-since" ? error.changes : [];
      store.dispatch({ type: "entryRefused", theirs, error: error.words.detail });
      if (!theirs) return;
      // What two people entered in different places stands side by side; in one place the first stays.
      if (Object.keys(typed).some((name) => !(name in store.state.typed))) report(error);
      await send();
    }
  }

  function flush() {
    clearTimeout(timer);
    line = line.then(send);
    return line;
  }

  return {
    /** Send what was typed when nothing more is typed for a moment. */
    soon() {
      clearTimeout(timer);
      timer = setTimeout(flush, WAIT_MS);
    },
    /** Send it now; resolve when it has been answered. */
    rest: flush,
  };
}
