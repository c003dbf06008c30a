import { equal } from "node:assert/strict";
import { Random } from "../../src/testing/mod.ts";
import { Scheduler } from "./scheduler.ts";

Deno.test("Scheduler does not advance the time while code of eighty steps runs", async () => {
  const scheduler = new Scheduler(0, new Random(1));
  scheduler.speed = "fast";
  let doneAt: number | undefined;
  const work = async () => {
    for (let step = 0; step < 80; step++) await null;
    doneAt = scheduler.now;
  };
  scheduler.after(1_000, () => void work());
  for (let at = 2_000; at <= 20_000; at += 1_000) scheduler.after(at, () => {});
  await scheduler.runUntil(() => doneAt !== undefined);
  equal(doneAt, 1_000);
});
