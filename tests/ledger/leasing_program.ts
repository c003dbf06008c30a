/**
 * A program that opens a ledger, tries to lease all of 40 shards, and prints those it got.
 *
 * Usage: leasing_program.ts URL WORKER
 *
 * @module
 */

import { openLedger } from "@triton/triton/checkpoint";
import { shard } from "../checkpoint/contract.ts";
import { LONG_MS, newShard } from "./support.ts";

const [url, worker] = Deno.args as [string, string];
await using ledger = await openLedger(url, { client: "store", stream: "clicks" });
const numbers = Array.from({ length: 40 }, (_, n) => n);
await ledger.addShards(numbers.map((n) => newShard(n)));
for (const n of numbers) {
  const epoch = await ledger.acquire(shard(n), worker, LONG_MS);
  if (epoch !== undefined) console.log(`${shard(n)} ${worker}`);
}
