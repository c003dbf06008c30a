import { deepEqual, equal } from "node:assert/strict";
import { MemoryLedger } from "../../src/ledger/memory_ledger.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";

/**
 * A ledger that refuses to move a position once, as one that has failed over and forgotten the lease; by
 * the time of the next intent the worker has the lease again, under the same epoch.
 */
class ForgetfulLedger extends MemoryLedger {
  refusals = 0;

  override async reposition(...args: Parameters<MemoryLedger["reposition"]>) {
    if (this.refusals++ === 0) return false;
    return await super.reposition(...args);
  }
}

Deno.test("Archiver does not read on from a position that the ledger refused to write down", async () => {
  const fixture = new Fixture();
  const ledger = new ForgetfulLedger(STREAM, { clock: fixture.clock });
  fixture.ledger = ledger;
  await fixture.put(10);
  await fixture.clock.advance(5_000);
  const worker = fixture.start({ rotateMs: 10_000, skipToLatest: true });
  await fixture.clock.advance(60_000);
  await fixture.put(5);
  await fixture.clock.advance(60_000);
  await worker.stop();
  equal(ledger.refusals, 1);
  deepEqual(await ledger.gaps(), [], "nothing was passed over");
  deepEqual(await fixture.archived(), fixture.expected);
});
