/**
 * Consumer groups of real processes that are killed, paused and cut off. A run picks a seed and prints
 * it if it fails; `TRITON_TEST_SEED=N` decides the same again, as far as real processes can be made to
 * do the same twice. `deno task soak:groups` does it for longer.
 */

import { equal, ok } from "node:assert/strict";
import { type Torture, torture } from "./torture.ts";

const PROMISES: Readonly<Record<Torture, string>> = {
  postgres: "transact() makes each record's effect once and in order",
  pgbouncer: "transact() does the same through PgBouncer in transaction mode",
  sqlite: "transactSqlite() makes each record's effect once and in order",
  loop: "a loop over a group gets each record at least once and in order",
};

for (const [kind, promise] of Object.entries(PROMISES) as [Torture, string][]) {
  Deno.test(`${promise}, whatever happens to three processes`, async () => {
    const seed = Number(Deno.env.get("TRITON_TEST_SEED") ?? Math.floor(Math.random() * 2 ** 31));
    const { events, effects } = await torture({ kind, seed, seconds: 0 });
    ok(events > 500, `only ${events} events`);
    if (kind !== "loop") equal(effects, events);
  });
}
