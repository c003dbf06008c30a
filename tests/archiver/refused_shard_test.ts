import { deepEqual, equal } from "node:assert/strict";
import { verifyArchive } from "../../src/archive/mod.ts";
import type { ArchiveIntent } from "../../src/ledger/archive_ledger.ts";
import { MemoryLedger } from "../../src/ledger/memory_ledger.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";

/** A ledger in which another worker takes a shard in the moment before the first intent of two. */
class ThiefLedger extends MemoryLedger {
  stolen = 0;

  override async intend(intent: ArchiveIntent, replaces?: string) {
    if (this.stolen > 0 || intent.ranges.length < 2) return await super.intend(intent, replaces);
    this.stolen++;
    const { shardId } = intent.ranges[0]!;
    const { owner } = (await this.shards()).find((shard) => shard.shardId === shardId)!;
    await super.release(owner!, [shardId]);
    await super.acquire(shardId, "thief", 5_000);
    return await super.intend(intent, replaces);
  }
}

Deno.test("Archiver leaves out of a file what the ledger refused of it, for the shard's next owner", async () => {
  const fixture = new Fixture(2);
  const ledger = new ThiefLedger(STREAM, { clock: fixture.clock });
  fixture.ledger = ledger;
  await fixture.put(40);
  const worker = fixture.start({ rotateMs: 10_000 });
  await fixture.clock.advance(120_000);
  await worker.stop();
  equal(ledger.stolen, 1);
  deepEqual(await fixture.archived(), fixture.expected);
  for (const { events, manifest } of await fixture.files()) {
    const told = [...manifest.shards.values()].reduce((sum, shard) => sum + shard.events, 0);
    equal(events.length, told, "a file holds just what its manifest says");
  }
  equal((await verifyArchive(fixture.store, { stream: STREAM })).whole, true);
});
