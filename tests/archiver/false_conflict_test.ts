import { deepEqual, equal } from "node:assert/strict";
import type { ObjectContent, PutOptions } from "../../src/objects/object_store.ts";
import { MemoryObjectStore } from "../../src/objects/memory/memory_object_store.ts";
import type { SequenceNumber } from "../../src/base/record.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";

/** A look-alike that says of the first puts under each key that it is taken, though nothing is there. */
class ConfusedStore extends MemoryObjectStore {
  refusals = 0;
  readonly #asked = new Map<string, number>();

  override async put(key: string, body: ObjectContent, options: PutOptions = {}) {
    const times = this.#asked.get(key) ?? 0;
    this.#asked.set(key, times + 1);
    if (times >= 2 || options.ifAbsent !== true || !key.endsWith(".tri")) {
      return await super.put(key, body, options);
    }
    this.refusals++;
    return "exists" as const;
  }
}

/** Archives what a stream holds into a confused store. */
async function archive(fixture: Fixture): Promise<ConfusedStore> {
  const store = new ConfusedStore();
  fixture.store = store;
  const worker = fixture.start({ rotateMs: 10_000 });
  await fixture.clock.advance(60_000);
  await worker.stop();
  return store;
}

Deno.test("Archiver puts a file again whose key was said to be taken while nothing is there", async () => {
  const fixture = new Fixture();
  await fixture.put(10);
  equal((await archive(fixture)).refusals, 2);
  deepEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver settles an intent whose key was said to be taken while nothing is there", async () => {
  const fixture = new Fixture();
  const { ledger, shards: [shardId] } = fixture;
  const start = { type: "trim-horizon" } as const;
  await ledger.addFirstShards([{ shardId: shardId!, parents: [], start, knownAt: new Date(0) }]);
  await fixture.put(10);
  const epoch = await ledger.acquire(shardId!, "dead", 1);
  const range = { shardId: shardId!, epoch: epoch!, previous: undefined };
  const key = `19700101/${STREAM}-store-1.tri`;
  await ledger.intend({ id: "lost", key, ranges: [{ ...range, last: "1" as SequenceNumber }] });
  await fixture.clock.advance(1_000);
  equal((await archive(fixture)).refusals, 4, "of the empty archive, and of the file");
  deepEqual(await fixture.archived(), fixture.expected);
});
