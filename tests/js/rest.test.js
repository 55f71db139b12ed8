import { send } from "/static/js/api.js";
import { makeCells, positionAt } from "/static/js/components/drift.js";
import { carriesFiles, filesFrom, toRecords } from "/static/js/intake.js";
import { createQueue } from "/static/js/queue.js";
import { answerJson } from "/static/js/saving.js";
import { equal, test } from "./harness.js";

test("the queue keeps its limit, its order, and goes on after a failure", async () => {
  const add = createQueue(2);
  const [started, log] = [[], []];
  let running = 0;
  const job = (n) => async () => {
    running += 1;
    started.push(n);
    log.push(running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running -= 1;
    if (n === 1) throw new Error("no");
    return n;
  };
  equal(await Promise.all([0, 1, 2, 3, 4].map((n) => add(job(n)))), [0, null, 2, 3, 4].map((n) => n ?? undefined));
  equal(started, [0, 1, 2, 3, 4]);
  equal(Math.max(...log), 2);
});

test("a drag of text carries no files", () => {
  equal(carriesFiles({ types: ["text/plain"] }), false);
  equal(carriesFiles({ types: ["Files"] }), true);
  equal(filesFrom(null), []);
});

test("a pasted picture gets a name that says so", () => {
  const [record] = toRecords([new File(["x"], "image.png")], true);
  equal(record.name, "pasted-image.png");
  equal(toRecords([new File(["x"], "slide.png")], true)[0].name, "slide.png");
});

test("the saved answer has no pictures in it", () => {
  equal(JSON.parse(answerJson({ filename: "a", overlay: "data:", prediction: { confidence: 1 } })),
    { filename: "a", prediction: { confidence: 1 } });
});

test("drifting cells stay in a field around the window and move slowly", () => {
  for (const cell of makeCells()) {
    for (const seconds of [0, 1, 5000]) {
      const { x, y } = positionAt(cell, seconds, 1000, 600);
      equal(x >= -2 * cell.radius && x <= 1000 + 2 * cell.radius, true, "x");
      equal(y >= -2 * cell.radius && y <= 600 + 2 * cell.radius, true, "y");
    }
    equal(Math.hypot(cell.vx, cell.vy) * 0.9 < 1.7, true, "speed");
  }
});

test("a busy server is asked again when it says, a server that is away is not", async () => {
  const real = [globalThis.fetch, globalThis.setTimeout];
  const ask = async (...answers) => {
    const waits = [];
    globalThis.setTimeout = (go, ms) => { waits.push(ms); go(); };
    globalThis.fetch = async () => {
      const [status, headers] = answers.length > 1 ? answers.shift() : answers[0];
      return new Response("{}", { status, headers });
    };
    const { response } = await send("/x", {});
    return [response.status, waits];
  };
  try {
    const busy = (seconds) => [503, { "Retry-After": String(seconds) }];
    equal(await ask(busy(2), busy(7), [200]), [200, [2000, 7000]]);
    equal(await ask([503]), [503, []]);
    equal(await ask([429, { "Retry-After": "9" }]), [429, []]);
    equal(await ask(busy(1)), [503, Array(9).fill(1000)]);
  } finally {
    [globalThis.fetch, globalThis.setTimeout] = real;
  }
});
