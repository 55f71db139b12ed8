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
