import { deepEqual } from "node:assert/strict";
import type { MemoryLedger } from "../../src/ledger/memory_ledger.ts";
import { CheckpointError } from "../../src/base/errors.ts";
import { Fixture } from "./archiver_fixture.ts";

/** A ledger that can be made to answer nothing. */
function interruptible(
  ledger: MemoryLedger,
): { ledger: MemoryLedger; setDown(down: boolean): void } {
  let isDown = false;
  const answer = (name: string | symbol) => {
    const value = Reflect.get(ledger, name, ledger);
    if (typeof value !== "function") return value;
    return (...args: unknown[]) =>
      isDown
        ? Promise.reject(new CheckpointError("It is down", { code: "08006", retryable: true }))
        : value.apply(ledger, args);
  };
  return {
    ledger: new Proxy(ledger, { get: (_, name) => answer(name) }),
    setDown: (down) => void (isDown = down),
  };
}

Deno.test("Archivers keep their shards, and what they have read, when the database was down for minutes", async () => {
  for (const seconds of [45, 60, 75, 90, 120, 150, 300]) {
    const fixture = new Fixture(8);
    const outage = interruptible(fixture.ledger);
    fixture.ledger = outage.ledger;
    const workers = [fixture.start(), fixture.start()];
    await fixture.put(50);
    await fixture.clock.advance(60_000);
    const leases = async () =>
      (await fixture.ledger.shards()).map(({ shardId, owner, epoch }) => [shardId, owner, epoch]);
    const before = await leases();
    outage.setDown(true);
    await fixture.clock.advance(seconds * 1_000);
    outage.setDown(false);
    await fixture.clock.advance(60_000);
    deepEqual(await leases(), before, `after ${seconds} s`);
    for (const worker of workers) await worker.stop();
    deepEqual(await fixture.archived(), fixture.expected);
  }
});
