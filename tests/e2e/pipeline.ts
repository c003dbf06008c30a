/**
 * All the places of one pipeline, real ones: a Kinesis, an S3, a database and a configuration.
 *
 * @module
 */

import { startKinesalite } from "../support/kinesalite.ts";
import type { LocalKinesis } from "../support/local_kinesis.ts";
import {
  s3Environment,
  type S3Request,
  type S3Server,
  startS3Server,
} from "../support/s3_server.ts";
import {
  runTriton,
  type TritonInput,
  TritonProcess,
  type TritonResult,
} from "../support/triton_process.ts";

/** Name of the stream in Kinesis. */
export const STREAM = "clicks_prod";

/** Name of the bucket. */
export const BUCKET = "triton-test";

/** What a {@linkcode Pipeline} is made of, as far as a test wants to choose. */
export interface PipelineOptions {
  /** The Kinesis server: kinesalite unless given. The pipeline stops it. */
  readonly kinesis?: LocalKinesis;
  /** Where Triton finds that Kinesis, if there is a proxy before it. */
  readonly kinesisUrl?: string;
  /** URL of the database: an SQLite file unless given. */
  readonly database?: string;
  /** Where archives go: the S3 server's bucket unless given; `directory` is the pipeline's own. */
  readonly bucket?: (directory: string) => string;
  /** How many shards each stream has: 2 unless given. */
  readonly shards?: number;
  /**
   * Names of the streams in Kinesis: {@linkcode STREAM} unless given. A logical name is the same
   * without `_prod`. If there are several, `store` archives all of them.
   */
  readonly streams?: readonly string[];
  /** More configuration of a stream, as lines of YAML: none unless given. */
  readonly settings?: (stream: string) => readonly string[];
}

/** A running pipeline; unless it has other streams, its stream has the logical name `clicks`. */
export interface Pipeline extends AsyncDisposable {
  readonly kinesis: LocalKinesis;
  readonly s3: S3Server;
  /** A directory that is removed in the end. */
  readonly directory: string;
  /** URL of the database. */
  readonly database: string;
  /** Environment of the commands. */
  readonly env: Record<string, string>;
  /** Starts `triton store`, which closes a file every second. */
  store(...args: readonly string[]): TritonProcess;
  /** The same with more environment variables, which go before the pipeline's. */
  storeWith(env: Record<string, string>, ...args: readonly string[]): TritonProcess;
  /** The `triton store` that a request to S3 comes from. */
  sender(request: S3Request): TritonProcess | undefined;
  /** Runs any other command to its end. */
  run(args: readonly string[], input?: TritonInput): Promise<TritonResult>;
  /** What `triton cat` prints of yesterday, today and tomorrow. */
  cat(...args: readonly string[]): Promise<TritonResult>;
  /** What `triton verify --deep` says of the same days. */
  verify(...args: readonly string[]): Promise<TritonResult>;
  /** The same of a stream, by its name in Kinesis. */
  verifyStream(stream: string): Promise<TritonResult>;
}

/** Starts a pipeline. */
export async function startPipeline(options: PipelineOptions = {}): Promise<Pipeline> {
  await using stack = new AsyncDisposableStack();
  const kinesis = stack.use(options.kinesis ?? await startKinesalite());
  const s3 = stack.use(await startS3Server({ buckets: [BUCKET] }));
  const { streams = [STREAM], shards = 2, settings = () => [] } = options;
  for (const stream of streams) await kinesis.createStream(stream, shards);
  const directory = await Deno.makeTempDir({ prefix: "triton-e2e-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const config = `${directory}/triton.yaml`;
  const entries = streams.map((stream) => [
    `${logicalName(stream)}:`,
    ...[`name: ${stream}`, "partition_key: id", "region: us-east-1", ...settings(stream)]
      .map((line) => `  ${line}`),
    "",
  ]);
  await Deno.writeTextFile(config, entries.flat().join("\n"));
  const database = options.database ?? `sqlite://${directory}/triton.db`;
  const env = {
    ...s3Environment(s3),
    AWS_ENDPOINT_URL_KINESIS: options.kinesisUrl ?? kinesis.url,
    TRITON_BUCKET: options.bucket?.(directory) ?? `s3://${BUCKET}`,
    TRITON_CONFIG: config,
    TRITON_DB: database,
  };
  const started = stack.move();
  const stores: TritonProcess[] = [];
  const which = streams.length > 1 ? ["--all-streams"] : ["--stream", logicalName(streams[0]!)];
  const storeWith: Pipeline["storeWith"] = (more, ...args) => {
    const store = new TritonProcess(["store", ...which, "--rotate", "1s", ...args], {
      // The AWS SDK puts the name into the User-Agent of its requests.
      env: { ...env, AWS_SDK_UA_APP_ID: `store-${stores.length}`, ...more },
    });
    stores.push(store);
    return started.use(store);
  };
  const run = (args: readonly string[], input?: TritonInput) => runTriton(args, { env, input });
  return {
    kinesis,
    s3,
    directory,
    database,
    env,
    store: (...args) => storeWith({}, ...args),
    storeWith,
    sender({ request }) {
      const number = / app\/store-(\d+)/.exec(request.headers.get("user-agent") ?? "")?.[1];
      return number === undefined ? undefined : stores[Number(number)];
    },
    run,
    cat: (...args) => run(["cat", ...theseDays(), ...args]),
    verify: (...args) => run(["verify", "--deep", ...theseDays(), ...args]),
    verifyStream: (stream) => run(["verify", "--deep", ...theseDays(logicalName(stream))]),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Options that name the stream and all days on which a test can run. */
function theseDays(stream = "clicks"): string[] {
  const days = ["--start-date", dayFromToday(-1), "--end-date", dayFromToday(1)];
  return ["--stream", stream, ...days];
}

function logicalName(stream: string): string {
  return stream.replace(/_prod$/, "");
}

/** A day in UTC, as `YYYYMMDD`. */
function dayFromToday(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll("-", "");
}
