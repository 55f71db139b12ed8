/** A dozen lines in place of a test framework: tests register, `run` reports every failure. */

const tests = [];

export function test(name, body) {
  tests.push({ name, body });
}

export function equal(actual, expected, note = "") {
  const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== e) throw new Error(`${note} got ${a}, wanted ${e}`);
}

export function near(actual, expected, tolerance, note = "") {
  if (!(Math.abs(actual - expected) <= tolerance)) {
    throw new Error(`${note} got ${actual}, wanted ${expected} ± ${tolerance}`);
  }
}

export function throws(body, pattern) {
  try {
    body();
  } catch (error) {
    if (pattern.test(error.message)) return;
    throw new Error(`threw ${error.message}, wanted ${pattern}`);
  }
  throw new Error(`did not throw ${pattern}`);
}

export async function run() {
  const failures = [];
  const asked = tests.splice(0);
  for (const { name, body } of asked) {
    try {
      await body();
    } catch (error) {
      failures.push(`${name}: ${error.message}`);
    }
  }
  return { count: asked.length, failures };
}
