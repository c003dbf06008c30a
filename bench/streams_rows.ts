/** Rows for many streams in one `store`. */

import postgres from "postgres";
import { type PostgresServer, startPostgres } from "../tests/support/postgres.ts";
import { startServer } from "./programs/serve.ts";
import { MeasuredProcess, type Usage } from "./support/child.ts";
import type { Case } from "./support/measure.ts";
import { type Tree, treeIn } from "./support/tree.ts";
import { BUCKET, type Row, type Workbench } from "./support/workbench.ts";

const SHARDS = 2;
const IDLE_SECONDS = 20;

/** Connections to PostgreSQL at most. */
const CONNECTIONS = 5;

const BACKLOG_STREAMS = 30;
const BACKLOG_EACH = 50_000;

const BUSY_COUNT = 1_000_000;

/** `store` of growing numbers of streams in which one event a second arrives. */
async function* littleArrives(bench: Workbench): AsyncGenerator<Case> {
  await using server = await startPostgres();
  for (const count of [1, 10, 30, 100]) {
    const streams = namesOf("events", count);
    await using kinesis = await startServer("kinesalite_streams.ts", SHARDS, ...streams);
    yield {
      what: `store of streams in which little arrives, ${SHARDS} shards each: ${count}`,
      amount: IDLE_SECONDS,
      unit: "seconds",
      measure: async (tree) => {
        await using store = await startStore({ bench, server, url: kinesis.url, streams, tree });
        await store.process.until(/Reading shardId/, count * SHARDS);
        const before = store.process.cpuSeconds;
        await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000));
        await store.requireFewConnections();
        const cpuSeconds = store.process.cpuSeconds - before;
        const peakMb = store.process.residentMb;
        await store.process.stop();
        return { seconds: IDLE_SECONDS, cpuSeconds, peakMb };
      },
    };
  }
}

/** `store` of many streams that all have a backlog. */
async function* backlogs(bench: Workbench): AsyncGenerator<Case> {
  await using server = await startPostgres();
  await using kinesis = await startServer("replay_kinesis.ts", SHARDS, BACKLOG_EACH / SHARDS);
  const streams = namesOf("events", BACKLOG_STREAMS);
  yield {
    what: `store of ${BACKLOG_STREAMS} streams with ${BACKLOG_EACH} records each`,
    amount: BACKLOG_STREAMS * BACKLOG_EACH,
    unit: "records",
    measure: async (tree) => {
      await using store = await startStore({ bench, server, url: kinesis.url, streams, tree });
      return await drain(store.process, BACKLOG_STREAMS * SHARDS);
    },
  };
}

/** `store` of a stream with a backlog among streams in which nothing arrives, and alone. */
async function* oneBusy(bench: Workbench): AsyncGenerator<Case> {
  await using server = await startPostgres();
  await using kinesis = await startServer("replay_kinesis.ts", SHARDS, BUSY_COUNT / SHARDS);
  const measure = async (tree: Tree, quiet: number) => {
    const streams = ["events", ...namesOf("quiet", quiet)];
    await using store = await startStore({ bench, server, url: kinesis.url, streams, tree });
    return await drain(store.process, SHARDS);
  };
  yield {
    what: `store of ${BUSY_COUNT} records of one stream, with 29 quiet streams beside it`,
    amount: BUSY_COUNT,
    unit: "records",
    measure: (tree) => measure(tree, 29),
    others: { "the stream alone": () => measure(treeIn(), 0) },
  };
}

/** Archives all records of closed shards; the time is until the last shard was archived to its end. */
async function drain(store: MeasuredProcess, shards: number): Promise<Usage> {
  const seconds = await store.until(/Archived shardId-\S+ to its end/, shards);
  return { ...await store.stop(), seconds };
}

function namesOf(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${name}_${n}`);
}

/** A `store` of all streams of a configuration, on a new database. */
async function startStore({ bench, server, url, streams, tree }: {
  readonly bench: Workbench;
  readonly server: PostgresServer;
  readonly url: string;
  readonly streams: readonly string[];
  readonly tree: Tree;
}) {
  await using stack = new AsyncDisposableStack();
  const s3 = stack.use(await bench.startS3([]));
  const config = bench.path(`${crypto.randomUUID()}.yaml`);
  const entries = streams.map((name) => `${name}: { name: ${name}, region: us-east-1 }\n`);
  await Deno.writeTextFile(config, entries.join(""));
  const database = await server.createDatabase();
  const process = new MeasuredProcess([...tree.triton, "store", "--all-streams"], {
    env: {
      ...bench.environment(s3),
      TRITON_CONFIG: config,
      TRITON_BUCKET: `s3://${BUCKET}`,
      TRITON_DB: database,
      AWS_ENDPOINT_URL_KINESIS: url,
    },
  });
  const kept = stack.move();
  return {
    process,
    /** Fails if the process has more connections to the database than it may. */
    async requireFewConnections(): Promise<void> {
      const sql = postgres(database, { max: 1, onnotice: () => {} });
      const [row] = await sql`SELECT count(*)::int AS count FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`;
      await sql.end();
      const { count } = row as { readonly count: number };
      if (count > CONNECTIONS) throw new Error(`store has ${count} connections to the database`);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export const STREAMS_ROWS: readonly Row[] = [
  {
    name: "streams",
    summary: "memory and CPU of store with 1, 10, 30 and 100 streams",
    long: true,
    cases: littleArrives,
  },
  {
    name: "streams-full",
    summary: "memory of store with 30 streams that have backlogs",
    long: true,
    cases: backlogs,
  },
  {
    name: "streams-busy",
    summary: "store of one busy stream among 29 quiet ones",
    long: true,
    cases: oneBusy,
  },
];
