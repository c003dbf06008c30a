import { deepEqual } from "node:assert/strict";
import { VirtualClock } from "../../src/base/clock.ts";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import { MemoryCheckpointer } from "../../src/exports/checkpoint.ts";
import { HistoryReader, type HistoryReaderOptions } from "../../src/history/mod.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { MemoryObjectStore } from "../../src/objects/mod.ts";
import { putEvents, runUntil } from "../../src/testing/mod.ts";
import { type FileSpec, putFiles, shardId, START } from "../archive/chain_archives.ts";

/** Files of two records each, of one shard, and what is saved while they are read. */
async function setUp(files: number, options: Partial<HistoryReaderOptions>) {
  const clock = new VirtualClock({ now: START + 1_000 });
  const kinesis = new MemoryKinesis({ clock });
  kinesis.createStream("clicks");
  const store = new MemoryObjectStore();
  const specs = Array.from({ length: files }, (_, file): FileSpec => {
    const before = file === 0 ? undefined : 2 * file;
    return { shards: { 7: [before, 2 * file + 1, 2 * file + 2] }, at: 100 + file };
  });
  await putFiles(store, ...specs);
  const checkpointer = new MemoryCheckpointer({ clock });
  /** The last archived record, or the shard, of each save. */
  const saves: unknown[] = [];
  const save = checkpointer.save.bind(checkpointer);
  checkpointer.save = (stream: string, positions: ReadonlyMap<ShardId, SequenceNumber>) => {
    const archived = positions.get(shardId(7));
    if (!positions.has("triton-start" as ShardId)) {
      saves.push(Number(archived) || [...positions.keys()][0]);
    }
    return save(stream, positions);
  };
  const open = () =>
    new HistoryReader({ kinesis, store }, "clicks", {
      ...{ from: new Date(START), clock, checkpointer, idle: true },
      ...options,
    });
  return { clock, kinesis, saves, open };
}

Deno.test("HistoryReader with autoCheckpoint: true does not save after each small file", async () => {
  const { clock, saves, open } = await setUp(1_200, { autoCheckpoint: true });
  await using history = open();
  await runUntil(clock, Array.fromAsync(history));
  deepEqual(saves, [1_000, 2_000, 2_400]);
});

Deno.test("HistoryReader with autoCheckpoint: { every: 1 } saves after each file", async () => {
  const { clock, saves, open } = await setUp(3, { autoCheckpoint: { every: 1 } });
  await using history = open();
  await runUntil(clock, Array.fromAsync(history));
  deepEqual(saves, [2, 4, 6]);
});

Deno.test("HistoryReader with autoCheckpoint: true saves a file after a second, and the rest when the loop is left", async () => {
  const { clock, saves, open } = await setUp(5, { autoCheckpoint: true });
  await using history = open();
  let count = 0;
  const reading = (async () => {
    for await (const _record of history) {
      if (++count === 4) await clock.sleep(60_000);
      if (count === 7) break;
    }
  })();
  await clock.advance(1_500);
  deepEqual([count, saves], [4, [2]]);
  await runUntil(clock, reading);
  deepEqual(saves, [2, 6], "what was processed of the fourth file comes again");
});

Deno.test("HistoryReader with autoCheckpoint saves when the loop is left live, and reads on after that", async () => {
  const { clock, kinesis, saves, open } = await setUp(1, { autoCheckpoint: true });
  await using history = open();
  await putEvents(kinesis, "clicks", [{ record: 3 }, { record: 4 }, { record: 5 }]);
  const seen: unknown[] = [];
  const take = (wanted: number) =>
    runUntil(
      clock,
      (async () => {
        for await (const { data } of history) {
          seen.push(data["record"]);
          if (seen.length === wanted) break;
        }
      })(),
    );
  await take(4);
  deepEqual(saves, [2, "shardId-000000000000"]);
  await take(9);
  deepEqual(seen, [1, 2, 3, 4, 5]);
});
