import { deepEqual, notEqual } from "node:assert/strict";
import { Fixture } from "./archiver_fixture.ts";

Deno.test("Archiver mends the position of an idle shard whose last commit the database has forgotten", async () => {
  const fixture = new Fixture();
  const { clock, shards: [shardId] } = fixture;
  const worker = fixture.start({ rotateMs: 10_000, recover: true });
  const { ledger } = fixture;
  await fixture.put(5);
  await clock.advance(30_000);
  const before = (await ledger.checkpoints()).get(shardId!)!;
  await fixture.put(5);
  await clock.advance(30_000);
  const after = (await ledger.checkpoints()).get(shardId!)!;
  notEqual(after, before);
  const { epoch } = (await ledger.shards())[0]!;
  await ledger.reposition(shardId!, epoch, { checkpoint: before });
  await clock.advance(10 * 60_000);
  deepEqual(await ledger.checkpoints(), new Map([[shardId, after]]));
  await worker.stop();
  deepEqual(await fixture.archived(), fixture.expected);
});
