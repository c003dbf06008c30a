/** Rows for archiving a stream. */

import { type ServerProcess, startServer } from "./programs/serve.ts";
import { STREAM } from "./support/archives.ts";
import { MeasuredProcess, type Usage } from "./support/child.ts";
import { EVENT_COUNT } from "./support/events.ts";
import type { Result } from "./support/result.ts";
import { BUCKET, type Row, type Workbench } from "./support/workbench.ts";

const SHARDS = 4;
const IDLE_SECONDS = 20;
const GROWING_COUNT = 2_000_000;

/** The cost of draining a backlog. */
interface Drained {
  readonly usage: Usage;
  /** From the start of the process until the last shard was archived to its end, in seconds. */
  readonly drainedSeconds: number;
}

/** `store` with a backlog in a real local server. */
async function storeBacklog(bench: Workbench): Promise<Result[]> {
  await using kinesis = await startServer("kinesalite.ts", STREAM, SHARDS, EVENT_COUNT);
  const drained = await drain(bench, kinesis, SHARDS);
  return [resultOf("store", `${EVENT_COUNT} records, ${SHARDS} shards, kinesalite`, {
    ...drained,
    records: EVENT_COUNT,
  })];
}

/** `store` with a backlog of a gigabyte, from a server that is faster than `store`. */
async function storeLong(bench: Workbench): Promise<Result[]> {
  const each = Math.ceil(1e9 / (bench.joined.length / EVENT_COUNT) / SHARDS);
  await using kinesis = await startServer("replay_kinesis.ts", SHARDS, each);
  const drained = await drain(bench, kinesis, SHARDS);
  const records = each * SHARDS;
  return [resultOf("store-1gb", `${records} records, ${SHARDS} shards, replayed`, {
    ...drained,
    records,
  })];
}

/**
 * The same number of records from growing numbers of shards: the cost per record should stay the same.
 * There are enough records that reading them dominates, not starting and ending shards.
 */
async function* storeGrowing(bench: Workbench): AsyncGenerator<Result> {
  for (const shards of [1, 16, 256]) {
    const each = Math.ceil(GROWING_COUNT / shards);
    await using kinesis = await startServer("replay_kinesis.ts", shards, each);
    const drained = await drain(bench, kinesis, shards);
    const records = each * shards;
    yield resultOf("shards", `${records} records, ${shards} shards, replayed`, {
      ...drained,
      records,
    });
  }
}

/** `store` on an idle stream. */
async function storeIdle(bench: Workbench): Promise<Result[]> {
  await using kinesis = await startServer("kinesalite.ts", STREAM, SHARDS, 0);
  await using s3 = await bench.startS3([]);
  const store = startStore(bench, kinesis, bench.environment(s3));
  await store.until(/Reading shardId/, SHARDS);
  const before = store.cpuSeconds;
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000));
  const [cpu, resident] = [store.cpuSeconds - before, store.residentMb];
  const usage = await store.stop();
  return [{
    row: "store-idle",
    what: `${SHARDS} shards, ${resident.toFixed(0)} MB resident after ${IDLE_SECONDS} s`,
    speed: 0,
    unit: "",
    ...usage,
    cpuMicrosPer: { second: cpu / IDLE_SECONDS * 1e6 },
  }];
}

async function drain(bench: Workbench, kinesis: ServerProcess, shards: number): Promise<Drained> {
  await using s3 = await bench.startS3([]);
  const store = startStore(bench, kinesis, bench.environment(s3));
  const drainedSeconds = await store.until(/Archived shardId-\S+ to its end/, shards);
  return { usage: await store.stop(), drainedSeconds };
}

function startStore(
  bench: Workbench,
  kinesis: ServerProcess,
  env: Record<string, string>,
): MeasuredProcess {
  const database = `sqlite://${bench.path(`${crypto.randomUUID()}.db`)}`;
  const options = ["--stream", STREAM, "--bucket", `s3://${BUCKET}`, "--checkpoint-db", database];
  return new MeasuredProcess([...bench.triton, "store", ...options], {
    env: {
      ...env,
      AWS_ENDPOINT_URL_KINESIS: kinesis.url,
    },
  });
}

function resultOf(
  row: string,
  what: string,
  { usage, drainedSeconds, records }: Drained & { readonly records: number },
): Result {
  return {
    row,
    what,
    speed: records / drainedSeconds,
    unit: "records",
    ...usage,
    cpuMicrosPer: { record: usage.cpuSeconds / records * 1e6 },
  };
}

export const STORE_ROWS: readonly Row[] = [
  { name: "store", summary: "store draining 200,000 records from 4 shards", run: storeBacklog },
  { name: "store-idle", summary: "memory and CPU of store on an idle stream", run: storeIdle },
  {
    name: "store-1gb",
    summary: "memory of store draining 1 GB from a replaying server",
    long: true,
    run: storeLong,
  },
  { name: "shards", summary: "store with 1, 16 and 256 shards", long: true, run: storeGrowing },
];
