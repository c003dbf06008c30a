import { Command } from "commander";
import { TritonError } from "../../../base/errors.ts";
import type { KinesisApi } from "../../../kinesis/mod.ts";
import type { OpenedObjectStore, OpenObjectStoreOptions } from "../../../objects/mod.ts";
import { type CliContext, writeReport } from "../../cli_context.ts";
import { addBucketFlags, type BucketFlags } from "../../options/bucket_flags.ts";
import { examples } from "../../text/help_text.ts";
import { bucketOption, clientOption, configOption, databaseOption } from "../../options/options.ts";
import { requireBucket } from "../../options/stream_config.ts";
import type { StreamJob } from "../../options/stream_jobs.ts";
import {
  addSelectionOptions,
  isOne,
  selectionOf,
  type SelectionOptions,
} from "../../options/stream_selection.ts";
import type { StreamPlace } from "../../shared_services.ts";
import { type Colors, colorsOf } from "../../text/table.ts";
import { jsonLine } from "../../text/say.ts";

interface DoctorOptions extends SelectionOptions, BucketFlags {
  readonly bucket?: string;
  readonly clientName: string;
  readonly checkpointDb: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** A service that does not respond within this time fails its check. */
const TIMEOUT_MS = 10_000;

/** `triton doctor`: checks whether `triton store` is safe to run, and what it then guarantees. */
export function doctorCommand(context: CliContext): Command {
  const command = addSelectionOptions(new Command("doctor"))
    .addOption(bucketOption())
    .addOption(clientOption("name of the client").default("store"))
    .addOption(databaseOption())
    .addOption(configOption())
    .description(
      "Tests each permission that triton store needs with a harmless request; checks retention, clocks, " +
        "the file system, conditional writes, other programs and what earlier workers left behind; and " +
        "prints what to change and which guarantee holds. It changes nothing: the transaction in the " +
        "database is rolled back, and the only object it puts into the bucket has 10 bytes " +
        "(triton-conditional-write-probe) and is one that triton store puts there too. Of several streams, " +
        "it checks the database and each bucket once, and lists the streams with problems last. Exits " +
        "with 1 if triton store is not safe to run.",
    )
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      examples({
        "before the first start of triton store":
          "triton doctor --stream clicks --bucket s3://triton-prod",
        "for all streams, as JSON": "triton doctor --all-streams --json",
      }),
    )
    .action((options: DoctorOptions) => doctor(options, context));
  return addBucketFlags(command, "write");
}

async function doctor(options: DoctorOptions, context: CliContext): Promise<void> {
  const selection = selectionOf(options);
  requireBucket(options);
  const [{ ServerClocks }, { SharedServices }, { openSource }] = await Promise.all([
    import("./check_clock.ts"),
    import("../../shared_services.ts"),
    import("../store/open_source.ts"),
  ]);
  const clocks = new ServerClocks(context.clock);
  await using services = new SharedServices({
    kinesis: (place) => kinesisAt(place, (time) => clocks.record("Kinesis", time)),
    store: (bucket, how) =>
      storeAt(bucket, { ...how, onServerTime: (time) => clocks.record("S3", time) }),
  });
  const source = await openSource({ ...options, selection, maxAttempts: 3 }, services, context);
  const jobs = await source.first(new AbortController().signal);
  if (isOne(selection)) return await doctorOne(jobs[0]!, options, context);
  if (jobs.length === 0) {
    throw new TritonError("Cannot check streams: the account has none like that");
  }
  const [{ examineStreams }, { formatStreams, jsonOf, unsafeStreams, verdictOnAll }] = await Promise
    .all([import("./examine_streams.ts"), import("./streams_report.ts")]);
  const { checkpointDb: url } = options;
  const found = await examineStreams({ jobs, url, clock: context.clock, services, clocks });
  const verdict = verdictOnAll(found);
  const print = (...how: Layout) => formatStreams(found, verdict, ...how);
  await report(options, context, { json: () => jsonOf(found), print });
  if (!verdict.safe) throw new TritonError(unsafeStreams(found));
}

/** Checks one stream. */
async function doctorOne(
  { config, bucket, client, settings }: StreamJob,
  options: DoctorOptions,
  context: CliContext,
): Promise<void> {
  const [{ examine }, { formatFindings, verdictOn }] = await Promise.all([
    import("./examine.ts"),
    import("./doctor_report.ts"),
  ]);
  const { checkpointDb: url } = options;
  const { name: stream, region } = config;
  const findings = await examine({
    ...{ stream, client, url, settings, clock: context.clock },
    openKinesis: (onServerTime) => kinesisAt(config, onServerTime),
    openStore: (onServerTime) => storeAt(bucket, { region, ...settings, onServerTime }),
  });
  const verdict = verdictOn(findings);
  const json = () => ({ stream, bucket, client, ...verdict, findings });
  const print = (...how: Layout) => formatFindings(findings, verdict, ...how);
  await report(options, context, { json, print });
  if (verdict.safe) return;
  const failed = findings.filter(({ level }) => level === "fail").map(({ check }) => check);
  throw new TritonError(`Not safe to run triton store: ${failed.join(", ")}`);
}

/** How a report looks: its colours, and the longest line. */
type Layout = [colors: Colors, columns: number];

async function report(
  { json: isJson }: DoctorOptions,
  context: CliContext,
  { json, print }: { readonly json: () => object; readonly print: (...how: Layout) => string },
): Promise<void> {
  const colors = colorsOf(context.stdout.isTerminal && !context.env.NO_COLOR);
  const text = isJson ? jsonLine(json()) : print(colors, context.stdout.columns || Infinity);
  await writeReport(context, text);
}

/** Opens Kinesis, which is not waited for long. */
async function kinesisAt(
  { region, endpoint, arn: streamArn }: StreamPlace,
  onServerTime: (time: Date) => void,
): Promise<KinesisApi & AsyncDisposable> {
  const { openKinesis } = await import("../../../kinesis/sdk/open_kinesis.ts");
  const options = { region, endpoint, streamArn, onServerTime };
  return await openKinesis({ ...options, requestTimeoutMs: TIMEOUT_MS });
}

async function storeAt(
  bucket: string,
  options: OpenObjectStoreOptions,
): Promise<OpenedObjectStore> {
  const { openObjectStore } = await import("../../../objects/open_object_store.ts");
  return await openObjectStore(bucket, options);
}
