import { deepEqual, equal } from "node:assert/strict";
import { putArchive } from "../../src/archiver/settle_archive.ts";
import type { ArchiveIntent } from "../../src/ledger/archive_ledger.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { ObjectStoreError } from "../../src/base/errors.ts";
import { MemoryObjectStore } from "../../src/objects/mod.ts";

Deno.test("putArchive() puts again where the store says that a key is taken, and then that it is not", async () => {
  const answers: string[] = [];
  class LyingStore extends MemoryObjectStore {
    override async put(...args: Parameters<MemoryObjectStore["put"]>) {
      const answer = answers.length === 0 ? "exists" : await super.put(...args);
      answers.push(answer);
      return answer;
    }
  }
  const store = new LyingStore();
  const retried: unknown[] = [];
  const services = {
    store,
    clock: { ...systemClock, sleep: () => Promise.resolve() },
    monitor: {
      retried: (_: string, error: unknown) => retried.push(error),
      asked: () => {},
      answered: () => {},
      gaveUp: () => {},
    } as never,
  };
  const intent = { id: "1", key: "20150710/a-b-1.tri" } as ArchiveIntent;
  equal(await putArchive(intent, new Uint8Array(3), services), true);
  deepEqual(answers, ["exists", "created"]);
  const [error] = retried as [ObjectStoreError];
  deepEqual([retried.length, error.code], [1, "FalseConflict"]);
  equal((await store.head(intent.key))?.size, 3);
});
