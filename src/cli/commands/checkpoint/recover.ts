import { Command } from "commander";
import type { ArchiveProblem, ArchiveReport } from "../../../archive/mod.ts";
import type { ArchiveLedger } from "../../../ledger/archive_ledger.ts";
import type { RecordedLedger } from "../../../ledger/recorded_ledger.ts";
import { TritonError } from "../../../base/errors.ts";
import { printable } from "../../../base/safe_text.ts";
import { type ArchiveOptions, openStoreOf } from "../../options/archive.ts";
import { countArchives } from "../../archive_totals.ts";
import type { CliContext } from "../../cli_context.ts";
import { examples } from "../../text/help_text.ts";
import {
  addClientOptions,
  type ClientOptions,
  dryRunOption,
  refuseGroup,
} from "../../options/client.ts";
import { addBucketFlags } from "../../options/bucket_flags.ts";
import { bucketOption, parseDay } from "../../options/options.ts";
import { clientOfStream } from "../../options/stream_config.ts";
import { Progress } from "../../text/progress.ts";
import { problemLine } from "../../text/report_text.ts";
import type { Recovery } from "./recover_checkpoints.ts";
import { formatTable } from "../../text/table.ts";
import { say, textOf } from "../../text/say.ts";
import { countOf } from "../../text/format.ts";

type RecoverOptions = ArchiveOptions & ClientOptions;

/** No stream keeps records for longer than 365 days, so older archives do not matter. */
const LOOK_BACK_MS = 366 * 86_400_000;

/** `triton checkpoint recover`: moves positions to where the archive ends. */
export function recoverCommand(context: CliContext): Command {
  const command = new Command("recover")
    .summary("move positions to where the archive ends")
    .description(
      "Moves positions that are behind the archive to the end of the archive, where triton store then " +
        "continues. Use it for a database that was lost or restored from a backup. Positions are never " +
        "moved back. It fails while a worker is alive. Shards without archived records are not changed: " +
        "in a new database, they start at the --from of triton store.",
    )
    .addHelpText(
      "after",
      examples({
        "show which positions are behind the archive":
          "triton checkpoint recover --stream clicks --dry-run",
        "move them, in a new database":
          "triton checkpoint recover --stream clicks --checkpoint-db sqlite://new.db",
      }),
    )
    .action((options: RecoverOptions) => recover(options, context));
  addClientOptions(command, bucketOption())
    .option(
      "--start-date <day>",
      "first day of archives to read (default: 366 days ago)",
      parseDay,
    )
    .addOption(dryRunOption());
  return addBucketFlags(command, "read");
}

async function recover(options: RecoverOptions, context: CliContext): Promise<void> {
  const { openLedger } = await import("../../../ledger/open_ledger.ts");
  const { readGroupsOf } = await import("../../../ledger/read_ledger.ts");
  const { readRecordedLedger } = await import("../../../ledger/recorded_ledger.ts");
  const { planRecovery } = await import("./recover_checkpoints.ts");
  const { dryRun = false } = options;
  const { config, selection, store: openedStore } = await openStoreOf(options, context);
  await using store = openedStore;
  const client = clientOfStream(options, config);
  const whose = { client, stream: selection.stream };
  refuseGroup("Cannot recover checkpoints", await readGroupsOf(options.checkpointDb, whose));
  await using opened = dryRun ? undefined : await openLedger(options.checkpointDb, whose);
  const ledger = opened ?? await readRecordedLedger(options.checkpointDb, whose);
  // Fails early, before the archive is read.
  await planRecovery(ledger, []);
  const { verifyArchive } = await import("../../../archive/verify/verify.ts");
  const from = options.startDate ?? new Date(context.clock.now() - LOOK_BACK_MS);
  const all = { ...selection, client, from };
  const progress = new Progress(context, "read", {
    noun: "files",
    total: async (signal) => (await countArchives(store, all, signal)).files,
  });
  const report = await verifyArchive(store, {
    ...all,
    knowledge: {
      checkpoints: () => Promise.resolve([]),
      gaps: async () => (await ledger.gaps()).map((gap) => ({ client, ...gap })),
    },
    onProgress: (files, bytes) => progress.update(files, bytes),
  });
  await progress.end();
  refuseUnknowable(report);
  if (opened !== undefined) {
    const { claimStore } = await import("../../../archiver/checks/claim_store.ts");
    await claimStore({ ledger: opened, store, clock: context.clock });
  }
  await recoverFrom(report, { plan: ledger, change: opened }, context);
}

/** Recovers the shards that have a whole chain. */
async function recoverFrom(
  report: ArchiveReport,
  ledger: { readonly plan: RecordedLedger; readonly change: ArchiveLedger | undefined },
  context: CliContext,
): Promise<void> {
  // Records that were skipped do not prevent continuing where the newest file ends.
  const passedOver = report.problems.filter(({ beginsAnew }) => beginsAnew === true);
  const problems = report.problems.filter(({ beginsAnew }) => beginsAnew !== true);
  const broken = new Set(problems.map(({ shardId }) => shardId));
  for (const problem of report.problems) {
    await say(context, problemLine(problem));
  }
  const { carryOut, planRecovery } = await import("./recover_checkpoints.ts");
  const plan = await planRecovery(
    ledger.plan,
    report.shards.filter(({ shardId }) => !broken.has(shardId)),
  );
  if (ledger.change !== undefined) {
    await carryOut(plan, ledger.change, context.clock);
    await recordPassedOver(passedOver, ledger.change, context.clock);
  }
  await context.stdout.write(describe(plan, ledger.change === undefined, context.stdout.columns));
  for (const { shardId, why } of plan.left) {
    await say(context, `${shardId} is not changed: ${why}`);
  }
  const left = broken.size + plan.left.length;
  if (left > 0) {
    throw new TritonError(
      `${
        countOf(left, "shard")
      } could not be recovered; run triton verify to see what is wrong with the ` +
        "archive; pass a --start-date after old damage to skip it, or run triton store --recover to " +
        "continue where the newest file ends, whatever is missing before it",
    );
  }
}

/** Records again what the lost database knew: where records were skipped. */
async function recordPassedOver(
  problems: readonly ArchiveProblem[],
  ledger: ArchiveLedger,
  clock: CliContext["clock"],
): Promise<void> {
  for (const { shardId, after } of problems) {
    await ledger.recordGap({
      ...{ stream: ledger.stream, shardId: shardId!, after, until: undefined },
      ...{ reason: "skipped", recordedAt: new Date(clock.now()) },
    });
  }
}

/** Rejects archives with an unknown end. */
function refuseUnknowable({ problems, shards, unprovable }: ArchiveReport): void {
  const problem = problems.find(({ shardId }) => shardId === undefined);
  if (problem !== undefined) {
    throw new TritonError(
      `Cannot recover checkpoints: ${problemLine(problem)}; it may hold the end of any shard. ` +
        "run triton verify for details, or pass a --start-date after old damage to skip it",
    );
  }
  const newest = shards.map(({ lastKey }) => lastKey).sort().at(-1) ?? "";
  const foreign = unprovable.at(-1);
  if (foreign !== undefined && foreign > newest) {
    throw new TritonError(
      `Cannot recover checkpoints: archive "${foreign}" is the newest, and it has no manifest`,
    );
  }
}

function describe({ moves, ended }: Recovery, dryRun: boolean, columns?: number): string {
  const rows = moves.map(({ shardId, from, to, key }) => [
    ...[shardId, from ?? "no position", "->", to, key],
  ]);
  const lines = rows.length > 0 ? formatTable(rows, { columns }) : [];
  const verb = dryRun ? "would be " : "";
  return textOf([
    ...lines,
    ...ended.map((shardId) =>
      `${printable(shardId)} ${dryRun ? "would be" : "is"} marked as ended`
    ),
    moves.length + ended.length > 0
      ? `${countOf(moves.length, "position")} ${verb}moved`
      : "No position is behind the archive",
  ]);
}
