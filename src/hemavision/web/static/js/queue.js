/** Run jobs a few at a time, in order, so that answers appear one by one. Pure but for time. */

/** Return `add(job)`, which runs async functions with at most `limit` at once. */
export function createQueue(limit) {
  const waiting = [];
  let running = 0;
  const next = () => {
    if (running >= limit || waiting.length === 0) return;
    const { job, resolve } = waiting.shift();
    running += 1;
    // A job that throws must not stop the ones behind it; it reports its own failure.
    Promise.resolve().then(job).catch(() => undefined).then((value) => {
      running -= 1;
      resolve(value);
      next();
    });
  };
  return function add(job) {
    return new Promise((resolve) => {
      waiting.push({ job, resolve });
      next();
    });
  };
}

/**
 * Return {go, stop}: jobs of one kind, which stop on request and go on where they stopped. `next()`
 * returns a job's item or null, `run(item)` does it and must not be asked for the same item again;
 * one that throws stops nothing else.
 */
export function createPump({ limit, next, run }) {
  let [running, stopped] = [0, false];
  const pull = () => {
    while (!stopped && running < limit) {
      const item = next();
      if (item === null) return;
      running += 1;
      // In a job of its own: what fails says so itself, and the ones behind it still come.
      Promise.resolve().then(() => run(item)).catch(() => undefined).then(() => {
        running -= 1;
        pull();
      });
    }
  };
  return {
    go() {
      stopped = false;
      pull();
    },
    stop() { stopped = true; },
  };
}
