/** A group in a database, for tests of what is read of groups and done to them. */

import { DatabaseSync } from "node:sqlite";
import { VirtualClock } from "../../../src/base/clock.ts";
import type { GroupTable } from "../../../src/shards/group/group_table.ts";
import { openGroupDatabase } from "../../../src/shards/group/open_group.ts";
import { shard } from "../../checkpoint/contract.ts";
import { query } from "../../sql/postgres/support.ts";
import { at, newShard } from "../../shards/group/support.ts";

/** The time at which everything in the group happened, by a SQLite database's clock. */
export const SAVED = Date.UTC(2026, 0, 1);

/** When the stream of the group was created. */
export const CREATED = new Date("2025-12-01T00:00:00Z");

/** A lease that holds when a test runs. */
export const LEASE_MS = 100 * 365 * 86_400_000;

export const FIRST = "member-1111aaaabbbbcccc";
export const SECOND = "member-2222aaaabbbbcccc";
export const GONE = "member-3333aaaabbbbcccc";

/**
 * Fills group `billing` of stream `clicks`: shard 0 has ended at 50, and shards 1 and 2 come from it.
 * The first member reads 1, where it is at 60, and 3, which has no position; the second one, whose
 * handler has failed, reads nothing. A third one died while it had shard 2.
 */
export async function fillGroup(
  url: string,
  { client = "billing", stream = "clicks" } = {},
): Promise<void> {
  const clock = new VirtualClock({ now: SAVED });
  const options = { client, stream, leaseMs: 3_600_000, clock };
  await using group = await openGroupDatabase(url, options);
  const { table } = group;
  await table.identify(CREATED);
  await table.addFirstShards([newShard(0), newShard(3)]);
  await table.renew(FIRST, LEASE_MS);
  await table.renew(SECOND, LEASE_MS);
  await splitAt(table, "50");
  for (const n of [1, 3]) await table.acquire(shard(n), FIRST, LEASE_MS);
  const move = { shardId: shard(1), epoch: 1, previous: undefined, last: at("60") };
  await table.save(FIRST, [move]);
  await table.renew(GONE, LEASE_MS);
  await table.acquire(shard(2), GONE, LEASE_MS);
  await table.report(GONE, "out of memory");
  await expire(url, `worker = '${GONE}'`);
  await table.report(SECOND, "Error: no such customer\n    at handle (billing.ts:3:9)");
}

/** Processes shard 0 up to a record, which is its last one, and adds shards 1 and 2. */
async function splitAt(table: GroupTable, last: string): Promise<void> {
  const [shardId, worker, epoch] = [shard(0), FIRST, 1];
  await table.acquire(shardId, worker, LEASE_MS);
  const previous = (await table.position(shardId, worker, epoch))?.position;
  await table.save(worker, [{ shardId, epoch, previous, last: at(last) }]);
  const children = [newShard(1, 0), newShard(2, 0)];
  await table.endShard({ shardId, worker, epoch, position: at(last), children });
}

/** Lets members expire, those of a condition, as if they had died at the fixture's time. */
export async function expire(url: string, condition: string): Promise<void> {
  const text = `UPDATE triton_group_worker SET expires_ms = ${SAVED} WHERE ${condition}`;
  if (url.startsWith("postgres")) return void await query(url, text);
  using database = new DatabaseSync(url.replace(/^sqlite:\/\//, ""));
  database.exec(text);
}
