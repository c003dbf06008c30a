import { equal } from "node:assert/strict";
import { MemoryCheckpointer, openCheckpointer } from "@triton/triton/checkpoint";
import { CONTRACT, positions, shard } from "./contract.ts";

for (const { name, run } of CONTRACT) {
  Deno.test(`MemoryCheckpointer: ${name}`, async () => {
    const memories = new Map<unknown, MemoryCheckpointer>();
    await run({
      open({ client = "client", clock } = {}) {
        const first = memories.get(clock) ?? new MemoryCheckpointer(clock && { clock });
        memories.set(clock, first);
        return Promise.resolve(first.withClient(client));
      },
    });
  });
}

Deno.test("MemoryCheckpointer needs no options", async () => {
  const checkpointer = new MemoryCheckpointer();
  await checkpointer.save("s", positions({ 0: "1" }));
  equal(await checkpointer.load("s", shard(0)), "1");
});

Deno.test("openCheckpointer() of memory: starts empty each time", async () => {
  await using one = await openCheckpointer("memory:", { client: "c" });
  await one.save("s", positions({ 0: "1" }));
  await using two = await openCheckpointer("memory:", { client: "c" });
  equal(await two.load("s", shard(0)), undefined);
  equal(await one.load("s", shard(0)), "1");
});
