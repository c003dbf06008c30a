/** Rows for live streams: `store` and `put`. */

import { type ServerProcess, startServer } from "./programs/serve.ts";
import { STREAM } from "./support/archives.ts";
import { MeasuredProcess, runMeasured } from "./support/child.ts";
import { EVENT_COUNT, makeObjects } from "./support/events.ts";
import type { Case } from "./support/measure.ts";
import { BUCKET, type Row, type Workbench } from "./support/workbench.ts";

const SHARDS = 4;
const IDLE_SECONDS = 20;
const GROWING_COUNT = 2_000_000;

/** `store` with a backlog in a real local server. */
async function* storeBacklog(bench: Workbench): AsyncGenerator<Case> {
  await using kinesis = await startServer("kinesalite.ts", STREAM, SHARDS, EVENT_COUNT);
  yield drain(bench, kinesis, { shards: SHARDS, records: EVENT_COUNT, from: "kinesalite" });
}

/** `store` with a backlog of a gigabyte, from a server that is faster than `store`. */
async function* storeLong(bench: Workbench): AsyncGenerator<Case> {
  yield* replay(bench, SHARDS, 1000 / bench.megabytes * EVENT_COUNT);
}

/**
 * The same number of records from growing numbers of shards: the cost per record should stay the same.
 * There are enough records that reading them dominates, not starting and ending shards.
 */
async function* storeGrowing(bench: Workbench): AsyncGenerator<Case> {
  for (const shards of [1, 16, 256]) yield* replay(bench, shards, GROWING_COUNT);
}

async function* replay(bench: Workbench, shards: number, count: number): AsyncGenerator<Case> {
  const each = Math.ceil(count / shards);
  await using kinesis = await startServer("replay_kinesis.ts", shards, each);
  yield drain(bench, kinesis, { shards, records: each * shards, from: "a replaying server" });
}

/** `store` on an idle stream. */
async function* storeIdle(bench: Workbench): AsyncGenerator<Case> {
  await using kinesis = await startServer("kinesalite.ts", STREAM, SHARDS, 0);
  yield {
    what: `store on ${SHARDS} idle shards`,
    amount: IDLE_SECONDS,
    unit: "seconds",
    measure: async ({ triton }) => {
      await using s3 = await bench.startS3([]);
      const store = startStore(bench, triton, kinesis, bench.environment(s3));
      await store.until(/Reading shardId/, SHARDS);
      const before = store.cpuSeconds;
      await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000));
      const [cpuSeconds, peakMb] = [store.cpuSeconds - before, store.residentMb];
      await store.stop();
      return { seconds: IDLE_SECONDS, cpuSeconds, peakMb };
    },
  };
}

/** Archives all records of closed shards; the time is until the last shard was archived to its end. */
function drain(
  bench: Workbench,
  kinesis: ServerProcess,
  { shards, records, from }: {
    readonly shards: number;
    readonly records: number;
    readonly from: string;
  },
): Case {
  return {
    what: `store of ${records} records, shards: ${shards}, from ${from}`,
    amount: records,
    unit: "records",
    measure: async ({ triton }) => {
      await using s3 = await bench.startS3([]);
      const store = startStore(bench, triton, kinesis, bench.environment(s3));
      const seconds = await store.until(/Archived shardId-\S+ to its end/, shards);
      return { ...await store.stop(), seconds };
    },
  };
}

/** `put` of JSON lines, as a whole process, into a server that forgets them. */
async function* putLines(bench: Workbench): AsyncGenerator<Case> {
  const lines = bench.path("events.ndjson");
  const objects = [...makeObjects()];
  Deno.writeTextFileSync(lines, objects.map((object) => `${JSON.stringify(object)}\n`).join(""));
  await using kinesis = await startServer("replay_kinesis.ts", SHARDS, 0);
  await using s3 = await bench.startS3([]);
  const env = { ...bench.environment(s3), AWS_ENDPOINT_URL_KINESIS: kinesis.url };
  yield {
    what: `put of ${EVENT_COUNT} JSON lines, into a server that forgets them`,
    amount: EVENT_COUNT,
    unit: "lines",
    measure: ({ triton }) => {
      return runMeasured([...triton, "put", "--stream", STREAM], { env, stdin: lines });
    },
  };
}

function startStore(
  bench: Workbench,
  triton: readonly string[],
  kinesis: ServerProcess,
  env: Record<string, string>,
): MeasuredProcess {
  const database = `sqlite://${bench.path(`${crypto.randomUUID()}.db`)}`;
  const options = ["--stream", STREAM, "--bucket", `s3://${BUCKET}`, "--checkpoint-db", database];
  return new MeasuredProcess([...triton, "store", ...options], {
    env: { ...env, AWS_ENDPOINT_URL_KINESIS: kinesis.url },
  });
}

export const STORE_ROWS: readonly Row[] = [
  { name: "put", summary: "put of 200,000 JSON lines", cases: putLines },
  { name: "store", summary: "store draining 200,000 records from 4 shards", cases: storeBacklog },
  {
    name: "store-idle",
    summary: "memory and CPU of store on an idle stream",
    long: true,
    cases: storeIdle,
  },
  {
    name: "store-1gb",
    summary: "memory of store draining 1 GB from a replaying server",
    long: true,
    cases: storeLong,
  },
  { name: "shards", summary: "store with 1, 16 and 256 shards", long: true, cases: storeGrowing },
];
