import { deepStrictEqual, equal } from "node:assert/strict";
import { VirtualClock } from "@triton/triton";
import { openGroupDatabase } from "../../../src/shards/group/open_group.ts";
import { ExpiryWatch } from "../../../src/shards/group/sql/expiry_watch.ts";
import { shard } from "../../checkpoint/contract.ts";
import { lease } from "./support.ts";

Deno.test("ExpiryWatch: an expiry ahead of a lease is one once it stays for a lease", async () => {
  const clock = new VirtualClock();
  const watch = new ExpiryWatch(clock);
  const isStuck = (expiresMs: number) => watch.isStuck("a", { expiresMs, nowMs: 0, ttlMs: 100 });
  equal(isStuck(100), false);
  await clock.advance(1_000);
  equal(isStuck(100), false, "it is not ahead");
  equal(isStuck(101), false);
  await clock.advance(99);
  equal(isStuck(101), false);
  equal(isStuck(102), false, "it has changed: the worker renews");
  await clock.advance(99);
  equal(isStuck(102), false);
  watch.keep(new Set(["a"]));
  await clock.advance(1);
  equal(isStuck(102), true);
  watch.keep(new Set());
  equal(isStuck(102), false, "it was away meanwhile");
});

Deno.test("a member that died before the database's clock was set back does not live for ever", async () => {
  const directory = await Deno.makeTempDir({ prefix: "triton-group-" });
  const open = (clock: VirtualClock) => {
    const options = { client: "group", stream: "clicks", leaseMs: 1_000, clock };
    return openGroupDatabase(`sqlite://${directory}/triton.db`, options);
  };
  const later = new VirtualClock({ now: Date.UTC(2026, 5, 1) });
  {
    await using dead = await open(later);
    await lease(dead.table, 1);
    await dead.table.renew("a", 1_000);
  }
  const clock = new VirtualClock({ now: Date.UTC(2026, 0, 1) });
  {
    await using heir = await open(clock);
    const renew = async () => (await heir.table.renew("b", 1_000)).workers;
    deepStrictEqual(await renew(), ["a", "b"]);
    equal(await heir.table.acquire(shard(0), "b", 1_000), undefined);
    await clock.advance(900);
    deepStrictEqual(await renew(), ["a", "b"]);
    await clock.advance(100);
    deepStrictEqual(await renew(), ["b"]);
    equal(await heir.table.acquire(shard(0), "b", 1_000), 2);
  }
  await Deno.remove(directory, { recursive: true });
});
