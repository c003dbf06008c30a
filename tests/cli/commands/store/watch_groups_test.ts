import { deepStrictEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { VirtualClock } from "../../../../src/base/clock.ts";
import { GroupWatch } from "../../../../src/cli/commands/store/watch_groups.ts";
import { shard } from "../../../checkpoint/contract.ts";
import { fillGroup, FIRST, SAVED, SECOND } from "../../../ledger/groups/group_rows.ts";

/** Waits until a watch has looked again. */
async function seen<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve)); // lets the database answer
  }
}

Deno.test("GroupWatch reads groups again and again, and keeps the last ones while it cannot", async () => {
  const directory = await Deno.makeTempDir({ prefix: "triton-watch-" });
  const path = join(directory, "triton.db");
  const clock = new VirtualClock({ now: SAVED });
  const env = { AWS_SECRET_ACCESS_KEY: "no such customer" };
  const where = { checkpointDb: `sqlite://${path}`, streams: () => ["clicks", "orders"] };
  await using watch = new GroupWatch(where, { clock, env });
  const look = () => watch.of("clicks");
  deepStrictEqual(await seen(look), {
    ...{ readAt: new Date(SAVED), error: undefined, groups: [] },
  });
  await fillGroup(where.checkpointDb);
  await clock.advance(15_000);
  const { groups: [group] } = await seen(() => look()?.groups.length ? look() : undefined);
  deepStrictEqual([group!.client, group!.endedShards], ["billing", 1]);
  deepStrictEqual(group!.shards[0], {
    ...{ shardId: shard(1), owner: FIRST, epoch: 1, position: "60", savedAt: new Date(SAVED) },
  });
  equal(group!.shards[1]!.savedAt, undefined);
  deepStrictEqual(group!.members[0], {
    ...{ worker: FIRST, isAlive: true, shards: [shard(1), shard(3)], lastError: undefined },
  });
  deepStrictEqual(group!.members[1]!.worker, SECOND);
  match(group!.members[1]!.lastError!, /^Error: \*+\n/);
  deepStrictEqual(watch.of("orders"), {
    ...{ readAt: new Date(SAVED + 15_000), error: undefined, groups: [] },
  });
  await Deno.writeTextFile(path, "Not a database, but long enough to have had a header of one.");
  for (const suffix of ["-wal", "-shm"]) await Deno.remove(path + suffix).catch(() => {});
  await clock.advance(15_000);
  const failed = await seen(() => look()?.error === undefined ? undefined : look());
  match(failed.error!, /file is not a database/);
  deepStrictEqual([failed.groups.length, failed.readAt], [1, new Date(SAVED + 15_000)]);
  await Deno.remove(directory, { recursive: true });
});
