import { Command } from "commander";
import type { ArchiveMove } from "../../../ledger/archive_ledger.ts";
import type { RecordedLedger } from "../../../ledger/recorded_ledger.ts";
import { TritonError } from "../../../base/errors.ts";
import { printable } from "../../../base/safe_text.ts";
import { parseIdentity } from "../../../objects/store_identity.ts";
import type { OpenObjectStoreOptions } from "../../../objects/mod.ts";
import type { CliContext } from "../../cli_context.ts";
import { hang } from "../../text/fit.ts";
import { examples, helpWidth, reflow } from "../../text/help_text.ts";
import {
  addClientOptions,
  type ClientOptions,
  dryRunOption,
  refuseGroup,
} from "../../options/client.ts";
import { addBucketFlags, type BucketFlags, settingsOfStream } from "../../options/bucket_flags.ts";
import { bucketOption } from "../../options/options.ts";
import {
  bucketOfStream,
  clientOfStream,
  requireBucket,
  streamConfig,
} from "../../options/stream_config.ts";
import { formatTable } from "../../text/table.ts";
import { textOf } from "../../text/say.ts";
import { countOf } from "../../text/format.ts";

interface MoveBucketOptions extends ClientOptions, BucketFlags {
  readonly bucket?: string;
  readonly oldStoreIsGone?: boolean;
}

/** No stream holds older records, so nothing older can be archived twice. */
const LONGEST_RETENTION = { retentionHours: 365 * 24, createdAt: new Date(0) };

const RULES = `
No objects are copied. Archived files stay where they are; the next record of each shard goes to the
new bucket, and triton verify knows, in either bucket, where the other one starts. You can copy the
old objects, with their keys.

First stop every triton store of the stream, and let it stop normally: nothing is moved while a
worker is alive, or while it is unknown whether a file was uploaded. The old bucket is read to make
sure that the database knows all files in it.

With --old-store-is-gone, the old bucket is not read, and a file counts as missing if it is unknown
whether it was uploaded: its records are archived again from the stream. If the old bucket still
exists after all, it may contain them, too.`;

/** `triton checkpoint move-bucket`: continues the archive in another bucket. */
export function moveBucketCommand(context: CliContext): Command {
  const bucket = bucketOption("new location: s3://BUCKET/PREFIX, BUCKET or file:///DIR");
  const command = addClientOptions(new Command("move-bucket"), bucket)
    .summary("continue the archive in another bucket or prefix")
    .description(
      "Continues the archive of a stream in another bucket or prefix, or on another server: records " +
        "where each shard ends in the old location, so that triton store continues in the new one.",
    )
    .option("--old-store-is-gone", "do not read the old location")
    .addOption(dryRunOption())
    .addHelpText("after", () => reflow(RULES, helpWidth(context.stdout)))
    .addHelpText(
      "after",
      examples({
        "show where the archive would continue": `triton checkpoint move-bucket --stream clicks \\
  --bucket s3://triton-new --dry-run`,
        "continue it there":
          "triton checkpoint move-bucket --stream clicks --bucket s3://triton-new",
      }),
    )
    .action((options: MoveBucketOptions) => moveBucket(options, context));
  return addBucketFlags(command, "read");
}

async function moveBucket(options: MoveBucketOptions, context: CliContext): Promise<void> {
  requireBucket(options);
  const config = await streamConfig(options, context);
  const { name: stream, region } = config;
  const [
    { openLedger },
    { readLedger },
    { readRecordedLedger },
    { openObjectStore },
  ] = await Promise.all([
    import("../../../ledger/open_ledger.ts"),
    import("../../../ledger/read_ledger.ts"),
    import("../../../ledger/recorded_ledger.ts"),
    import("../../../objects/open_object_store.ts"),
  ]);
  const { checkpointDb: url, oldStoreIsGone: isGone, dryRun } = options;
  const client = clientOfStream(options, config);
  const { groups } = await readLedger(url, { client, stream }); // fails if there is no database
  refuseGroup("Cannot move the archive", groups);
  const settings = settingsOfStream(options, config.archive);
  const place = { region, ...settings };
  await using store = await openObjectStore(bucketOfStream(options, config), place);
  const { identity } = store;
  const ledger = await readRecordedLedger(url, { client, stream });
  const from = await ledger.store();
  if (from === identity) {
    return await context.stdout.write(`The archive is already in ${printable(identity)}\n`);
  }
  const moves = await ledger.moveStore(identity, { isGone });
  if (isGone !== true) await checkOld(ledger, from, { stream, client, place, context });
  if (dryRun !== true) {
    await using opened = await openLedger(url, { client, stream });
    await opened.moveStore(identity, { isGone });
  }
  await context.stdout.write(
    describe(moves, { identity, dryRun, columns: context.stdout.columns }),
  );
}

/** Rejects a move while the old store has files that the database does not know. */
async function checkOld(
  ledger: RecordedLedger,
  from: string | undefined,
  { stream, client, place, context: { clock } }: {
    readonly stream: string;
    readonly client: string;
    readonly place: OpenObjectStoreOptions;
    readonly context: CliContext;
  },
): Promise<void> {
  if (from === undefined) {
    throw new TritonError(
      "Cannot move the archive: the database does not know its location yet; run triton store once " +
        "with the old bucket, which records it, or pass --old-store-is-gone",
    );
  }
  const [{ findBehind }, { openObjectStore }] = await Promise.all([
    import("../../../archiver/behind_archive.ts"),
    import("../../../objects/open_object_store.ts"),
  ]);
  const { url, endpoint } = parseIdentity(from);
  if (url.startsWith("memory:")) throw unreadable(from, "it was in memory");
  // Another account may own the old bucket, and it may be on another server.
  const { region, requestPayer } = place;
  await using old = await openObjectStore(url, { region, requestPayer, endpoint });
  if (old.identity !== from) {
    throw unreadable(from, `the environment sets another server: ${old.identity}`);
  }
  const known = {
    open: await ledger.shards("open"),
    checkpoints: await ledger.checkpoints(),
    gaps: await ledger.gaps(),
  };
  const now = new Date(clock.now());
  const { behind } = await findBehind(old, LONGEST_RETENTION, known, {
    ...{ stream, client, clock, now },
  });
  if (behind.length === 0) return;
  throw new TritonError(
    `Cannot move the archive: the database is behind the archive in ${from}, in ` +
      `${behind.join(", ")}; run triton checkpoint recover with that bucket first`,
  );
}

function unreadable(store: string, why: string): TritonError {
  return new TritonError(
    `Cannot read ${store}, the location of the archive: ${why}; if it no longer exists, pass ` +
      "--old-store-is-gone",
  );
}

function describe(
  moves: readonly ArchiveMove[],
  { identity, dryRun = false, columns }: {
    readonly identity: string;
    readonly dryRun?: boolean | undefined;
    readonly columns: number | undefined;
  },
): string {
  const rows = moves.map(({ shardId, after }) => [shardId, "ends at", after]);
  const verb = dryRun ? "would continue" : "continues";
  const from = moves[0]?.from;
  const what =
    `The archive${from === undefined ? "" : ` of ${from}`} ${verb} in ${identity}, after ` +
    countOf(moves.length, "shard");
  const table = rows.length > 0 ? formatTable(rows, { columns }) : [];
  return textOf([...table, hang("", printable(what), columns, 2)]);
}
