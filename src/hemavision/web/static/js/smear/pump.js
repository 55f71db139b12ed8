/** Reads fields a few at a time; stops on request and goes on where it stopped. Pure but for time. */

/**
 * Return {go, stop}. `next()` returns a job's item or null, `run(item)` does it and must not be
 * asked for the same item again; one that throws stops nothing else.
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
