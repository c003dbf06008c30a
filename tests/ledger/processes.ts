/**
 * Several processes that open one ledger at once.
 *
 * @module
 */

import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { openLedger } from "@triton/triton/checkpoint";

const PROCESSES = 3;

/** Lets several programs open a new database and take leases; each must go to one of them. */
export async function acquireTogether(url: string): Promise<void> {
  const program = new URL("./leasing_program.ts", import.meta.url).pathname;
  const outputs = await Promise.all(
    Array.from({ length: PROCESSES }, (_, n) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--quiet", program, url, `worker-${n}`],
        stderr: "inherit",
      }).output()),
  );
  deepStrictEqual(outputs.map(({ code }) => code), outputs.map(() => 0));
  const taken = outputs.flatMap(({ stdout }) =>
    new TextDecoder().decode(stdout).trim().split("\n").filter((line) => line !== "")
  );
  await using ledger = await openLedger(url, { client: "store", stream: "clicks" });
  const shards = await ledger.shards();
  equal(shards.length, 40);
  deepStrictEqual(taken.sort(), shards.map(({ shardId, owner }) => `${shardId} ${owner}`));
  ok(shards.every(({ epoch }) => epoch === 1));
}
