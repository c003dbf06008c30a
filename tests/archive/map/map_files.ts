/** Archives whose records arrive at given times, for the tests of maps. */

import {
  type ArchiveMap,
  mapArchive,
  type MapArchiveOptions,
  MemoryObjectStore,
} from "../../../src/archive/mod.ts";
import { encodeEvent, encodeSnappyFrames } from "../../../src/codec/mod.ts";
import { VirtualClock } from "../../../src/base/clock.ts";
import { type FileSpec, putFiles, START } from "../chain_archives.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/**
 * A file of one shard with a record at each of these times, in milliseconds after the start; it is
 * created a second after the last.
 */
export function fileAt(
  shard: number,
  previous: number | undefined,
  ...times: readonly number[]
): FileSpec {
  return {
    shards: { [shard]: [previous, ...times] },
    at: Math.ceil(Math.abs(times.at(-1)!) / 1000) + 1,
  };
}

/** Hourly files of a shard, each with `perHour` records, from one hour up to another. */
export function hourlyFiles(
  { shard = 0, from = 0, to = 24, perHour = 2, previous = undefined as number | undefined } = {},
): FileSpec[] {
  let before = previous;
  return Array.from({ length: to - from }, (_, i) => {
    const start = (from + i) * HOUR;
    const times = Array.from(
      { length: perHour },
      (_, n) => start + 1 + Math.floor(n * (HOUR - 2_000 - shard) / perHour) + shard,
    );
    const file = fileAt(shard, before, ...times);
    before = times.at(-1);
    return { ...file, at: (start + HOUR) / 1000 + shard };
  });
}

/** Maps an archive of these files. */
export async function mapOf(
  files: readonly FileSpec[],
  options: Partial<MapArchiveOptions> = {},
): Promise<ArchiveMap> {
  const store = new MemoryObjectStore();
  await putFiles(store, ...files);
  return await mapArchive(store, {
    stream: "clicks",
    clock: new VirtualClock({ now: START + 400 * DAY }),
    ...options,
  });
}

/** The bytes of a file with one event and no manifest, as go-triton and triton-python write it. */
export async function fileOfOthers(): Promise<Uint8Array> {
  const frames = await Array.fromAsync(encodeSnappyFrames(encodeEvent({ a: 1 })));
  return new Uint8Array(await new Blob(frames as BlobPart[]).arrayBuffer());
}
