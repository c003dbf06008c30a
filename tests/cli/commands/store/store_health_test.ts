/** The health of a store of several streams, as its host and its shared leases make it. */

import { deepStrictEqual, equal, match } from "node:assert/strict";
import { ArchiverMonitor } from "../../../../src/archiver/mod.ts";
import { CheckpointError } from "../../../../src/base/errors.ts";
import { StoreWatch } from "../../../../src/cli/commands/store/store_watch.ts";
import type { Ledgers } from "../../../../src/ledger/many/ledgers.ts";
import { judgeHealth, judgeReadiness } from "../../../../src/monitor/judge_store.ts";
import { HostFixture, MINUTE, SECOND } from "../../../archiver/host/host_fixture.ts";

const LIMITS = { minHeadroomMs: 6 * 60 * MINUTE, leaseMs: 20_000 };

/** A store of streams that are there, and of those that are not, whose database can be cut off. */
function startStore(existing: readonly string[], missing: readonly string[] = []) {
  const fixture = new HostFixture(...existing);
  const { clock } = fixture;
  const database = { isCut: false };
  const cutOff = <T>(work: () => Promise<T>): Promise<T> => {
    if (!database.isCut) return work();
    const options = { code: "ECONNREFUSED", retryable: true };
    return Promise.reject(new CheckpointError("Cannot connect: refused", options));
  };
  const ledgers: Ledgers = {
    of: (key) => fixture.ledgers.of(key),
    renew: (...args) => cutOff(() => fixture.ledgers.renew(...args)),
    openShards: (...args) => cutOff(() => fixture.ledgers.openShards(...args)),
    readGroups: (...args) => fixture.ledgers.readGroups(...args),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const watch = new StoreWatch({
    ...{ clock, env: {} },
    monitorOf: (stream) => new ArchiverMonitor({ ...stream, clock }),
  });
  const host = fixture.host([], {}, ledgers);
  for (const stream of [...existing, ...missing]) {
    const monitor = watch.add({ stream, client: "store", rotateMs: MINUTE });
    host.add(stream, fixture.options({ monitor, rotateMs: MINUTE }));
  }
  watch.host = host;
  const running = fixture.run(host);
  const reasons = (judge: typeof judgeReadiness) => judge(watch.status(), LIMITS).reasons;
  return { fixture, database, running, watch, reasons };
}

Deno.test("a store of several streams is ready for as long as nothing arrives", async () => {
  const { fixture, running, watch, reasons } = startStore(["clicks", "orders", "payments"]);
  for (let minute = 0; minute < 30; minute++) {
    await fixture.clock.advance(MINUTE);
    deepStrictEqual([reasons(judgeReadiness), reasons(judgeHealth)], [[], []], `${minute} min`);
  }
  equal(watch.status().state, "running");
  await running.stop();
});

Deno.test("a store of several streams whose database is gone says so once", async () => {
  const { fixture, database, running, reasons } = startStore(["clicks", "orders", "payments"]);
  await fixture.clock.advance(MINUTE);
  database.isCut = true;
  await fixture.clock.advance(30 * SECOND);
  const [reason, ...others] = reasons(judgeReadiness);
  match(reason!, /^The database has been failing for \d+ s: Cannot connect: refused$/);
  deepStrictEqual(others, []);
  database.isCut = false;
  await fixture.clock.advance(MINUTE);
  deepStrictEqual([reasons(judgeReadiness), reasons(judgeHealth)], [[], []]);
  await running.stop();
});

Deno.test("a store is ready while one of its streams fails, and names it", async () => {
  const { fixture, running, reasons } = startStore(["clicks"], ["orders"]);
  await fixture.clock.advance(MINUTE);
  deepStrictEqual(reasons(judgeReadiness), []);
  const [reason, ...others] = reasons(judgeHealth);
  match(
    reason!,
    /^orders: Archiving failed \d+ times in [^:]+: .*orders.*; the next attempt is in/,
  );
  deepStrictEqual(others, []);
  await running.stop().catch(() => {});
});

Deno.test("a store is not ready while all of its streams fail, and says why for each", async () => {
  const { fixture, running, reasons } = startStore([], ["clicks", "orders"]);
  await fixture.clock.advance(MINUTE);
  deepStrictEqual(reasons(judgeReadiness).map((reason) => reason.split(":")[0]), [
    "clicks",
    "orders",
  ]);
  await running.stop().catch(() => {});
});
