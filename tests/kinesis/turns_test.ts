import { deepEqual, equal, rejects } from "node:assert/strict";
import { Turns } from "../../src/kinesis/mod.ts";

Deno.test("Turns gives a free turn to the owner with the fewest, then to who waits longest", async () => {
  const turns = new Turns(3);
  const order: string[] = [];
  const held = new Map<string, Disposable>();
  const owners = new Map(["a", "b", "c"].map((name) => [name, { name }]));
  const take = (name: string) =>
    turns.lineOf(owners.get(name[0]!)!).take().then((turn) => {
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

Deno.test("Turns has half of the turns for owners whose service does not respond", async () => {
  const turns = new Turns(4);
  const order: string[] = [];
  const held = new Map<string, Disposable>();
  const lines = new Map(["a", "b", "c"].map((name) => [name, turns.lineOf({ name })]));
  const take = (name: string) =>
    lines.get(name[0]!)!.take().then((turn) => {
      order.push(name);
      held.set(name, turn);
    });
  const end = async (name: string) => {
    held.get(name)![Symbol.dispose]();
    await settled();
  };
  for (const name of ["a1", "a2", "b1", "b2", "a3", "b3"]) take(name);
  await settled();
  for (const name of ["a", "b"]) lines.get(name)!.noteResponse!(false);
  for (const name of ["a1", "b1"]) await end(name);
  deepEqual(order, ["a1", "a2", "b1", "b2"], "two turns are free");
  await end("a2");
  for (const name of ["c1", "c2", "c3"]) take(name);
  await settled();
  deepEqual(order.slice(4), ["a3", "c1", "c2"]);
  await end("c1");
  deepEqual(order.slice(7), ["c3"], "though b has fewer");
  for (const name of ["c2", "c3"]) await end(name);
  deepEqual(order.slice(8), []);
  lines.get("b")!.noteResponse!(true);
  await settled();
  deepEqual(order.slice(8), ["b3"]);
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
