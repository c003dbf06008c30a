import { deepEqual, equal, rejects } from "node:assert/strict";
import { Turns } from "../../src/kinesis/mod.ts";

Deno.test("Turns gives a free turn to the owner with the fewest, then to who waits longest", async () => {
  const turns = new Turns(3);
  const order: string[] = [];
  const held = new Map<string, Disposable>();
  const take = (name: string) =>
    turns.lineOf(name[0]).take().then((turn) => {
      order.push(name);
      held.set(name, turn);
    });
  for (const name of ["a1", "a2", "a3", "a4", "a5", "b1", "c1", "b2"]) take(name);
  await settled();
  deepEqual(order, ["a1", "a2", "a3"]);
  for (const name of ["a1", "a2", "a3", "b1", "c1", "b2"]) {
    held.get(name)![Symbol.dispose]();
    await settled();
  }
  deepEqual(order.slice(3), ["b1", "c1", "a4", "b2", "a5"]);
});

Deno.test("Turns.take() waits no longer than its signal, and ends a turn once", async () => {
  const turns = new Turns(1);
  const first = await turns.take();
  const stop = new AbortController();
  const second = turns.take(stop.signal);
  const third = turns.take();
  stop.abort(new Error("stop"));
  await rejects(second, { message: "stop" });
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await third;
  let isGiven = false;
  turns.take().then(() => isGiven = true);
  await settled();
  equal(isGiven, false);
});

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
