import { Command, InvalidArgumentError } from "commander";
import type { ShardId } from "../../../base/record.ts";
import type { CliContext } from "../../cli_context.ts";
import { addBucketFlags, type BucketFlags } from "../../options/bucket_flags.ts";
import { examples } from "../../text/help_text.ts";
import {
  bucketOption,
  clientOption,
  configOption,
  databaseOption,
  measured,
  parseCount,
  parseShardId,
  parseSize,
  stopTimeoutOption,
} from "../../options/options.ts";
import { requireBucket, startPosition } from "../../options/stream_config.ts";
import {
  addSelectionOptions,
  isOne,
  type Selection,
  selectionOf,
  type SelectionOptions,
} from "../../options/stream_selection.ts";
import { UsageError } from "../../options/usage_error.ts";
import { addMonitorOptions, type MonitorOptions, openStoreMonitor } from "./store_monitor.ts";
import type { ArchiveFlags } from "./stream_archiving.ts";

interface StoreOptions extends MonitorOptions, SelectionOptions, BucketFlags {
  readonly watchConfig?: boolean;
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

/** `triton store`: archives streams until a signal stops it. */
export function storeCommand(context: CliContext): Command {
  const command = addSelectionOptions(new Command("store"))
    .option("--watch-config", "with --all-streams: follow changes of the configuration file")
    .alias("s")
    .description(
      "Archives streams, each with about one file per hour, until SIGINT, SIGTERM or SIGHUP. It then uploads what " +
        "it has read, saves its positions and exits with 0, or with 1 if that takes longer than " +
        "--stop-timeout. A second signal, at least 5 seconds later, ends it immediately. Processes with " +
        "the same stream, client name and database share the shards. With several streams, one that fails is " +
        'retried, and the others are archived. What the configuration says of a stream under "archive" ' +
        "wins over the options, which are for all streams.",
    )
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
    .addHelpText(
      "after",
      examples({
        "archive a stream until Ctrl-C": "triton store --stream clicks --bucket s3://triton-prod",
        "archive all streams of the configuration, with a file every 15 minutes":
          "triton store --all-streams --except 'test_*' --rotate 15m",
      }),
    )
    .action((options: StoreOptions) => store(options, context));
  return addBucketFlags(addMonitorOptions(command), "write");
}

async function store(options: StoreOptions, context: CliContext): Promise<void> {
  const selection = storeSelection(options);
  requireBucket(options);
  const { stopTimeout, checkpointDb, maxMemory, lease: leaseMs } = options;
  const { clock } = context;
  context.endWithin?.(stopTimeout);
  context.signal; // from here on, a signal ends the command gracefully
  const from = await startPosition(options.from, context);
  const [
    { ArchiverHost },
    { openLedgers },
    { openSource },
    { SharedServices },
    { StreamArchiving },
  ] = await Promise.all([
    import("../../../archiver/mod.ts"),
    import("../../../ledger/many/open_ledgers.ts"),
    import("./open_source.ts"),
    import("../../shared_services.ts"),
    import("./stream_archiving.ts"),
  ]);
  const services = new SharedServices();
  const source = await openSource({ ...options, selection }, services, context);
  // The status stays visible while the streams end.
  await using watch = await openStoreMonitor(options, context);
  const ledgers = async () => watch.ledgers = await openLedgers(checkpointDb, { clock });
  const endsOnFailure = isOne(selection);
  const host = new ArchiverHost({ ledgers, clock }, { maxMemory, leaseMs, endsOnFailure });
  const flags = flagsOf(options, from);
  const streams = new StreamArchiving({ source, services, host, watch, flags }, context);
  const { endInTime, lateError } = await import("./store_end.ts");
  const late = () => lateError(host.unarchived, stopTimeout, streams.monitors);
  const work = async () => {
    await using _opened = services; // which stay open if there is no time left
    await streams.run();
  };
  await endInTime(work, { limitMs: stopTimeout, late }, context);
}

/** Which streams are archived; refuses options that do not fit. */
function storeSelection(options: StoreOptions): Selection {
  const selection = selectionOf(options);
  if (options.shards !== undefined && !isOne(selection)) {
    throw new UsageError(
      "Cannot use --shards with several streams: shards are those of one stream; run triton store " +
        "--stream NAME --shards IDS for it, and leave that stream out here",
    );
  }
  if (options.watchConfig === true && selection.type !== "all") {
    throw new UsageError(
      "Cannot use --watch-config without --all-streams: it takes streams that are added to the " +
        "configuration later",
    );
  }
  return selection;
}

/** How streams are archived for which the configuration says nothing else. */
function flagsOf(options: StoreOptions, from: ArchiveFlags["from"]): ArchiveFlags {
  return {
    from,
    skipToLatest: options.skipToLatest,
    rotateMs: options.rotate,
    maxSize: options.maxSize,
    shards: options.shards,
    pollIntervalMs: options.pollInterval,
    limit: options.requestLimit,
    recover: options.recover,
  };
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
