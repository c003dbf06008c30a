import { deepStrictEqual, equal } from "node:assert/strict";
import type { SequenceNumber, ShardId } from "@triton/triton/checkpoint";
import { VirtualClock } from "@triton/triton";
import { MemoryEffects, type MemoryTransaction } from "../../../src/shards/group/memory_effects.ts";
import { MemoryGroup } from "../../../src/shards/group/memory_group.ts";
import { positions } from "../../checkpoint/contract.ts";
import { EFFECTS } from "./contract_effects.ts";
import { TABLES } from "./contract_table.ts";
import { at, fence, type GroupPlace, lease, positionsOf } from "./support.ts";

/** Groups that are shared by sharing the object. */
function memoryPlace(): GroupPlace {
  const groups = new Map<string, MemoryGroup<string>>();
  const clock = new VirtualClock();
  let saved = new Map<ShardId, SequenceNumber>();
  const find = ({ client = "group", stream = "clicks" } = {}) => {
    const key = JSON.stringify([client, stream]);
    const checkpoints = client === "group" ? saved : undefined;
    const group = groups.get(key) ?? new MemoryGroup(stream, { client, clock, checkpoints });
    groups.set(key, group);
    return group;
  };
  return {
    open(options) {
      const table = find(options);
      const effects = new MemoryEffects(table);
      return Promise.resolve({ table, effects, [Symbol.asyncDispose]: () => Promise.resolve() });
    },
    save(checkpoints) {
      saved = positions(checkpoints);
      return Promise.resolve();
    },
    write: (tx, effect) => (tx as MemoryTransaction<string>).add(effect),
    effects: () => Promise.resolve([...find().effects]),
    begin() {
      const effects = new MemoryEffects(find());
      const tx = effects.begin();
      // deno-lint-ignore require-await -- so that it rejects
      return Promise.resolve({ tx, commit: async () => effects.commit(tx) });
    },
  };
}

for (const { name, run } of [...TABLES, ...EFFECTS]) {
  Deno.test(`MemoryGroup: ${name}`, () => run(memoryPlace()));
}

Deno.test("MemoryGroup.snapshot() forgets effects and positions together", async () => {
  const group = new MemoryGroup<string>("clicks");
  const effects = new MemoryEffects(group);
  await lease(group, 1);
  await effects.run(fence(undefined, "5"), (tx) => tx.add("five"));
  const forget = group.snapshot();
  for (const last of ["6", "7"]) {
    equal(await effects.run(fence("5", last), (tx) => tx.add(last)), "committed");
    forget();
    deepStrictEqual([group.effects, await positionsOf(group)], [["five"], { 0: "5" }]);
  }
  await group.save("a", [fence("5", "8")]);
  equal((await group.shards())[0]?.position, at("8"));
});
