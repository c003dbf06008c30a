import { deepStrictEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { VirtualClock } from "../../../../src/base/clock.ts";
import { GroupWatch, type WatchedGroups } from "../../../../src/cli/commands/store/watch_groups.ts";
import { openLedgers } from "../../../../src/ledger/many/open_ledgers.ts";
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
  const url = `sqlite://${path}`;
  const where: WatchedGroups = { streams: ["clicks", "orders"] };
  await using watch = new GroupWatch(where, { clock, env });
  const look = () => watch.of("clicks");
  await clock.advance(60_000);
  equal(look(), undefined, "the database is not open yet");
  await using ledgers = await openLedgers(url, { clock });
  const database: { failure?: Error } = {};
  const asked: (readonly string[])[] = [];
  where.ledgers = {
    readGroups(streams) {
      asked.push(streams);
      if (database.failure !== undefined) return Promise.reject(database.failure);
      return ledgers.readGroups(streams);
    },
  };
  await clock.advance(1_000);
  const begun = clock.now();
  deepStrictEqual(await seen(look), {
    ...{ readAt: new Date(begun), error: undefined, groups: [] },
  });
  await fillGroup(url);
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
    ...{ readAt: new Date(begun + 15_000), error: undefined, groups: [] },
  });
  database.failure = new Error("refused: no such customer");
  await clock.advance(15_000);
  const failed = await seen(() => look()?.error === undefined ? undefined : look());
  match(failed.error!, /^refused: \*+$/);
  deepStrictEqual([failed.groups.length, failed.readAt], [1, new Date(begun + 15_000)]);
  deepStrictEqual(asked, Array(3).fill(["clicks", "orders"]), "all streams at once");
  await Deno.remove(directory, { recursive: true });
});
