import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Random, SeededFaults, type ServiceCall } from "../../src/testing/mod.ts";

const GET: ServiceCall = { service: "store", operation: "get", args: ["a"] };
const PUT: ServiceCall = { service: "store", operation: "put", args: ["a", new Uint8Array()] };

/** How often each fate occurred in a thousand calls. */
function count(faults: SeededFaults, call: ServiceCall, now = 0): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let n = 0; n < 1_000; n++) {
    const { kind } = faults.decide(call, now);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

Deno.test("SeededFaults follows its rates, and is the same for the same seed", () => {
  const rates = { refused: 0.2, lost: 0.1, late: 0.05, crash: 0.5 };
  const counts = count(new SeededFaults(rates, new Random(1)), PUT);
  for (const [kind, expected] of Object.entries({ refused: 200, lost: 100, late: 50 })) {
    ok(Math.abs(counts[kind]! - expected) < 40, `${kind}: ${counts[kind]}`);
  }
  deepStrictEqual(count(new SeededFaults(rates, new Random(1)), PUT), counts);
});

Deno.test("SeededFaults makes only puts late, and crashes mostly at decisive calls", () => {
  const faults = new SeededFaults({ late: 0.2, crash: 0.5 }, new Random(1));
  const counts = count(faults, GET);
  equal(counts.late, undefined);
  ok(counts.lost! > 150);
  ok((counts.crash ?? 0) + (counts["crash after"] ?? 0) < 20);
});

Deno.test("SeededFaults makes writes to databases and streams late at their own rate", () => {
  const faults = new SeededFaults({ lateWrite: 0.2 }, new Random(1));
  for (const operation of ["commit", "save", "putRecords"] as const) {
    const counts = count(faults, { service: "ledger", operation, args: [] });
    ok(Math.abs(counts.late! - 200) < 40, `${operation}: ${counts.late}`);
  }
  equal(count(faults, PUT).late, undefined);
  equal(count(faults, { service: "ledger", operation: "shards", args: [] }).late, undefined);
});

Deno.test("SeededFaults.takeDown() fails calls until the outage ends; end() ends all faults", () => {
  const faults = new SeededFaults({}, new Random(1));
  faults.takeDown("store", 1_000);
  equal(count(faults, GET, 999).answered, undefined);
  equal(count(faults, GET, 1_000).answered, 1_000);
  faults.takeDown("store", 3_000);
  faults.rates = { refused: 1 };
  faults.end();
  equal(count(faults, GET, 2_000).answered, 1_000);
});
