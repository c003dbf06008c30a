import { Command } from "commander";
import type { ArchiveReport } from "../../archive/mod.ts";
import { TritonError } from "../../base/errors.ts";
import { gapIdOption, unknownGapError } from "../options/gap_ids.ts";
import { addArchiveOptions, type ArchiveOptions, openStoreOf } from "../options/archive.ts";
import { type CliContext, writeReport } from "../cli_context.ts";
import { examples } from "../text/help_text.ts";
import { databaseOption } from "../options/options.ts";
import { countArchives } from "../archive_totals.ts";
import { Progress } from "../text/progress.ts";
import { formatReport } from "../text/report_text.ts";
import { jsonLine } from "../text/say.ts";
import { countOf } from "../text/format.ts";

interface VerifyOptions extends ArchiveOptions {
  readonly checkpointDb?: string;
  readonly deep?: boolean;
  readonly acceptGaps?: boolean;
  readonly acceptGap?: readonly string[];
  readonly allowEmpty?: boolean;
  readonly json?: boolean;
}

/** `triton verify`: proves that an archive is whole. */
export function verifyCommand(context: CliContext): Command {
  const command = new Command("verify")
    .description(
      "Follows the files of each shard by their manifests, from one file to the next, and prints what is " +
        "missing, duplicated or damaged. Exits with 1 if the archive is not whole. Files without a " +
        "manifest, such as those of go-triton, are counted as unprovable. With a database, it also lists " +
        "recorded gaps and detects a missing last file; nothing is written to the database. If there is " +
        "no archive at all, it exits with 1, unless --allow-empty is set. Each gap has an ID. Gaps that " +
        "were accepted, with --accept-gap or for good with triton checkpoint accept-gap, are still " +
        "printed, but do not count.",
    );
  return addArchiveOptions(command)
    .addOption(databaseOption().default(undefined))
    .option("--deep", "read every byte, and check it against checksums and hashes")
    .option("--accept-gaps", "exit with 0 if everything that is missing is recorded as a gap")
    .addOption(gapIdOption())
    .option("--allow-empty", "exit with 0 if there is no archive at all")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      examples({
        "prove that a day is whole, from the ends of its files":
          "triton verify --stream clicks --start-date 20260901 --end-date 20260901",
        "read every byte, and compare with the positions of the archiver":
          "triton verify --stream clicks --deep --checkpoint-db sqlite://triton.db",
      }),
    )
    .action((options: VerifyOptions) => verify(options, context));
}

async function verify(options: VerifyOptions, context: CliContext): Promise<void> {
  const { verifyArchive } = await import("../../archive/verify/verify.ts");
  const { selection, store: opened } = await openStoreOf(options, context);
  await using store = opened;
  const { keysFrom, checkpointDb, deep = false } = options;
  const total = async (signal: AbortSignal) =>
    (await countArchives(store, selection, signal))[deep ? "bytes" : "files"];
  const progress = new Progress(context, "verified", {
    noun: "files",
    total: keysFrom === undefined ? total : undefined,
  });
  const keys = keysFrom === undefined
    ? undefined
    : (await import("../options/keys_from.ts")).keysIn(keysFrom, context);
  const report = await verifyArchive(store, {
    ...selection,
    deep,
    keys,
    allowEmpty: options.allowEmpty,
    acceptGaps: options.acceptGap,
    knowledge: checkpointDb === undefined
      ? undefined
      : (await import("../archive_knowledge.ts")).knowledgeFrom(checkpointDb, {
        client: selection.client,
        stream: selection.stream,
      }),
    onProgress: (files, bytes) => progress.update(files, bytes, deep ? bytes : files),
  });
  await progress.end();
  const text = options.json === true
    ? jsonLine(report)
    : formatReport(report, context.stdout.columns);
  await writeReport(context, text);
  refuseUnknown(report, options);
  const faults = faultsOf(report, options);
  if (faults.length > 0) throw new TritonError(`The archive is not whole: ${faults.join(", ")}`);
}

/** Rejects IDs that are of no gap: they are mistyped, or the gap has grown. */
function refuseUnknown(report: ArchiveReport, { acceptGap: ids = [] }: VerifyOptions): void {
  // A gap may belong to other files than those of a part, or of a list.
  if (report.otherFiles !== undefined) return;
  const known = new Set([...report.problems, ...report.gaps].map(({ id }) => id));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) throw unknownGapError("verify", unknown);
}

function faultsOf(report: ArchiveReport, options: VerifyOptions): string[] {
  const { files, otherFiles = 0 } = report;
  const problems = report.problems.filter(({ accepted }) => accepted === undefined);
  const gaps = report.gaps.filter(({ accepted }) => accepted === undefined);
  return [
    ...problems.length > 0 ? [countOf(problems.length, "problem")] : [],
    ...gaps.length > 0 && options.acceptGaps !== true ? [countOf(gaps.length, "recorded gap")] : [],
    ...files + otherFiles === 0 && options.allowEmpty !== true
      ? ["no archives found; check the stream, the bucket and the days, or pass --allow-empty"]
      : [],
  ];
}
