import { Command, InvalidArgumentError, Option } from "commander";
import type { RetryServiceOptions } from "../../../base/retry.ts";
import type { ArchiveLedger } from "../../../ledger/archive_ledger.ts";
import type { ShardId } from "../../../base/record.ts";
import type { Archiver, ArchiverMonitor, ArchiverOptions } from "../../../archiver/mod.ts";
import type { StreamConfig } from "../../../config/mod.ts";
import type { CliContext } from "../../cli_context.ts";
import {
  bucketOf,
  bucketOption,
  clientOption,
  configOption,
  databaseOption,
  parseCount,
  parseDuration,
  parseShardId,
  parseSize,
  stopTimeoutOption,
  streamOption,
} from "../../options/options.ts";
import {
  addMonitorOptions,
  type MonitorOptions,
  openStoreMonitor,
  type StoreMonitor,
} from "./store_monitor.ts";
import { startPosition, streamConfig } from "../../options/stream_config.ts";

interface StoreOptions extends MonitorOptions {
  readonly stream: string;
  readonly bucket?: string;
  readonly clientName: string;
  readonly checkpointDb: string;
  readonly from: string;
  readonly skipToLatest?: boolean;
  readonly recover?: boolean;
  readonly rotate: number;
  readonly maxSize: number;
  readonly maxMemory: number;
  readonly lease: number;
  readonly stopTimeout: number;
  readonly shards?: ShardId[];
  readonly pollInterval: number;
  readonly requestLimit: number;
  readonly config?: string;
}

/** `triton store`: archives a stream until a signal stops it. */
export function storeCommand(context: CliContext): Command {
  const command = new Command("store")
    .alias("s")
    .description(
      "Archives a stream, about one file per hour, until SIGINT, SIGTERM or SIGHUP. It then uploads what " +
        "it has read, saves its positions and exits with 0, or with 1 if that takes longer than " +
        "--stop-timeout. A second signal, at least 5 seconds later, ends it immediately. Processes with " +
        "the same stream, client name and database share the shards.",
    )
    .addOption(streamOption())
    .addOption(bucketOption())
    .addOption(
      clientOption("name of the client, part of the archives' keys and of its positions").default(
        "store",
      ),
    )
    .addOption(databaseOption())
    .option(
      "--from <position>",
      "where to start shards without a position: trim-horizon, latest or a time",
      "trim-horizon",
    )
    .option("--skip-to-latest", "ignore saved positions, and start with new records")
    .option("--recover", "if the database is behind the archive, continue where the archive ends")
    .addOption(
      measured("--rotate <duration>", "start a new file at every multiple of this duration", "1h"),
    )
    .addOption(measured("--max-size <size>", "start a new file at this compressed size", "32MiB"))
    .addOption(
      measured(
        "--max-memory <size>",
        "pause reading while more data than this waits to be archived",
        "96MiB",
      )
        .argParser(parseMemory),
    )
    .addOption(
      measured(
        "--lease <duration>",
        "consider a worker dead after this time without a sign of life",
        "20s",
      ),
    )
    .addOption(stopTimeoutOption())
    .option("--shards <ids>", "archive only these shards (comma-separated IDs)", parseShards)
    .addOption(
      measured(
        "--poll-interval <duration>",
        "time between polls of a shard without new records",
        "1s",
      ),
    )
    .option("--request-limit <count>", "most records per poll", parseLimit, 10_000)
    .addOption(configOption())
    .action((options: StoreOptions) => store(options, context));
  return addMonitorOptions(command);
}

async function store(options: StoreOptions, context: CliContext): Promise<void> {
  const bucket = bucketOf(options);
  const { stopTimeout } = options;
  context.endWithin?.(stopTimeout);
  context.signal; // from here on, a signal ends the command gracefully
  const from = await startPosition(options.from, context);
  const config = await streamConfig(options, context);
  // Disposed last, so that the status stays visible while the others end.
  await using watch = await openStoreMonitor(options, context);
  const { name: stream } = config;
  const monitor = watch.add({ stream, client: options.clientName, rotateMs: options.rotate });
  const { endInTime, lateError } = await import("./store_end.ts");
  const watched: Watched = { watch, monitor };
  const work = () => archive({ ...options, bucket, from, config }, context, watched);
  const late = () => lateError(watched.archiver?.unarchived, stopTimeout, monitor);
  await endInTime(work, { limitMs: stopTimeout, late }, context);
}

/** What to archive, and where to start. */
interface StoreJob extends Omit<StoreOptions, "bucket" | "config" | "from"> {
  readonly bucket: string;
  readonly from: ArchiverOptions["from"];
  readonly config: StreamConfig;
}

/** Who watches the archiver, and the archiver once it exists. */
interface Watched {
  readonly watch: StoreMonitor;
  readonly monitor: ArchiverMonitor;
  archiver?: Archiver;
}

async function archive(
  { bucket, from, config, ...options }: StoreJob,
  { clock, signal }: CliContext,
  watched: Watched,
): Promise<void> {
  const { watch, monitor } = watched;
  const [{ Archiver }, { openLedger }, { openKinesis }, { openObjectStore }] = await Promise.all([
    import("../../../archiver/mod.ts"),
    import("../../../ledger/open_ledger.ts"),
    import("../../../kinesis/sdk/open_kinesis.ts"),
    import("../../../objects/open_object_store.ts"),
  ]);
  await using kinesis = await openKinesis({ region: config.region, endpoint: config.endpoint });
  await using store = await openObjectStore(bucket, { region: config.region });
  await using ledger = await whenReachable(
    () => openLedger(options.checkpointDb, { client: options.clientName, stream: config.name }),
    { clock, signal, monitor: watch.requests },
  );
  if (ledger === undefined) return;
  const services = { kinesis, store, ledger, clock, monitor };
  const archiver = new Archiver(services, {
    from,
    skipToLatest: options.skipToLatest,
    rotateMs: options.rotate,
    maxSize: options.maxSize,
    maxMemory: options.maxMemory,
    leaseMs: options.lease,
    shards: options.shards,
    pollIntervalMs: options.pollInterval,
    limit: options.requestLimit,
    recover: options.recover,
    monitor,
  });
  watched.archiver = archiver;
  watch.host = {
    status() {
      const status = archiver.status();
      return { ...status, streams: [{ ...status, archiver: status }] };
    },
  };
  await archiver.run(signal);
}

/** Opens the ledger, retrying until its database responds; undefined if stopped before that. */
async function whenReachable(
  open: () => Promise<ArchiveLedger>,
  options: RetryServiceOptions & { readonly signal: AbortSignal },
): Promise<ArchiveLedger | undefined> {
  const { retryService } = await import("../../../base/retry.ts");
  try {
    return await retryService("ledger", options, open);
  } catch (error) {
    if (error === options.signal.reason) return undefined;
    throw error;
  }
}

/** An option for a duration or a size, whose default `--help` prints as it is written. */
function measured(flags: string, description: string, fallback: string): Option {
  const parse = flags.endsWith("<size>") ? parseSize : parseDuration;
  return new Option(flags, description).argParser(parse).default(parse(fallback), fallback);
}

/** The minimum: with less, one response of Kinesis would fill many files. */
const MIN_MEMORY = 2 ** 20;

function parseMemory(text: string): number {
  const bytes = parseSize(text);
  if (bytes >= MIN_MEMORY) return bytes;
  throw new InvalidArgumentError(`Use at least 1MiB, such as 96MiB; this is ${bytes} bytes.`);
}

function parseShards(text: string): ShardId[] {
  return text.split(",").map(parseShardId);
}

function parseLimit(text: string): number {
  const limit = parseCount(text);
  if (limit > 10_000) throw new InvalidArgumentError("The maximum of Kinesis is 10000.");
  return limit;
}
