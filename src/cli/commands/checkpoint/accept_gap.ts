import { Argument, Command } from "commander";
import type { AcceptedGapRow, GapDecision, GapToAccept } from "../../../ledger/accepted_gaps.ts";
import type { LedgerReport } from "../../../ledger/read_ledger.ts";
import type { StreamConfig } from "../../../config/mod.ts";
import { type ArchiveOptions, openStoreOf } from "../../options/archive.ts";
import type { CliContext } from "../../cli_context.ts";
import { examples } from "../../text/help_text.ts";
import { addClientOptions, type ClientOptions } from "../../options/client.ts";
import { USER_VARIABLES } from "../../options/clean_environment.ts";
import { parseGapId, unknownGapError } from "../../options/gap_ids.ts";
import { addBucketFlags } from "../../options/bucket_flags.ts";
import { bucketOption, parseDay } from "../../options/options.ts";
import { clientOfStream, streamConfig } from "../../options/stream_config.ts";
import { UsageError } from "../../options/usage_error.ts";
import { formatTime } from "../../text/format.ts";
import { countArchives } from "../../archive_totals.ts";
import { Progress } from "../../text/progress.ts";
import { describeGap } from "../../text/report_text.ts";
import { printable } from "../../../base/safe_text.ts";
import { textOf } from "../../text/say.ts";

interface AcceptOptions extends ClientOptions, ArchiveOptions {
  readonly clientName: string;
  readonly reason?: string;
  readonly by?: string;
  readonly undo?: boolean;
}

/** `triton checkpoint accept-gap`: accepts a gap for good, or withdraws that. */
export function acceptGapCommand(context: CliContext): Command {
  const command = new Command("accept-gap")
    .summary("accept a gap, so that triton verify does not count it")
    .description(
      "Saves in the database that a gap stays as it is: triton verify with this database then prints it " +
        "as accepted, and does not count it. If the database has not recorded the gap, the manifests of " +
        "the archive are read to find it. A gap that grows later is another gap, which is not accepted. " +
        "No position changes, and nothing in the archive.",
    )
    .addArgument(new Argument("<id>", "ID of the gap, from triton verify").argParser(parseGapId))
    .addHelpText(
      "after",
      examples({
        "accept a gap that triton verify lists":
          `triton checkpoint accept-gap ffc36a64ef7b --stream clicks \\
  --reason 'the producer was tested'`,
        "withdraw that": "triton checkpoint accept-gap ffc36a64ef7b --stream clicks --undo",
      }),
    )
    .action((id: string, options: AcceptOptions) => acceptGap(id, options, context));
  addClientOptions(command, bucketOption())
    .option("--start-date <day>", "first day of archives to read (default: the oldest)", parseDay)
    .option("--reason <text>", "why, for those who read the report")
    .option("--by <name>", "who decides (default: the user of the operating system)")
    .option("--undo", "withdraw the acceptance; the database keeps who accepted it, when and why");
  return addBucketFlags(command, "read");
}

async function acceptGap(id: string, options: AcceptOptions, context: CliContext): Promise<void> {
  const by = whoDecides(options, context);
  const { checkpointDb: url, reason } = options;
  const { readLedger } = await import("../../../ledger/read_ledger.ts");
  const config = await streamConfig(options, context);
  const client = clientOfStream(options, config);
  const { gaps } = await readLedger(url, { client, stream: config.name }); // fails without a database
  const decision = { client, stream: config.name, id, by, reason, clock: context.clock };
  const line = options.undo === true
    ? await undo(url, decision)
    : await accept({ decision, gaps, options, config }, context);
  await context.stdout.write(textOf([printable(line)]));
}

async function accept(
  { decision, gaps, options, config }: {
    readonly decision: GapDecision;
    readonly gaps: LedgerReport["gaps"];
    readonly options: AcceptOptions;
    readonly config: StreamConfig;
  },
  context: CliContext,
): Promise<string> {
  const { id } = decision;
  const gap = await findRecorded(id, gaps) ??
    await findInArchive(decision, { options, config }, context);
  if (gap === undefined) throw unknownGapError("accept it", [id]);
  const { shardId } = gap;
  const { acceptGap } = await import("../../../ledger/accepted_gaps.ts");
  const known = await acceptGap(options.checkpointDb, { ...decision, ...gap });
  if (known !== undefined) return `Gap ${id} of ${shardId} was ${howAccepted(known)} already`;
  return `Gap ${id} of ${shardId} is accepted`;
}

async function undo(url: string, decision: GapDecision): Promise<string> {
  const { withdrawGap } = await import("../../../ledger/accepted_gaps.ts");
  const known = await withdrawGap(url, decision);
  const { id, client, stream } = decision;
  if (known === undefined) {
    throw new UsageError(
      `Cannot withdraw it: gap ${id} of client "${client}" in "${stream}" is not accepted`,
    );
  }
  return `Gap ${id} of ${known.shardId} is no longer accepted; it was ${howAccepted(known)}`;
}

function howAccepted({ by, at, reason }: AcceptedGapRow): string {
  const why = reason === undefined ? "" : ` (${reason})`;
  return `accepted by ${by}, ${formatTime(at)}${why}`;
}

/** What is saved of a gap. */
type FoundGap = Pick<GapToAccept, "shardId" | "description">;

/** The gap of an ID, if it was recorded when it was noticed. */
async function findRecorded(
  id: string,
  gaps: LedgerReport["gaps"],
): Promise<FoundGap | undefined> {
  const { gapId } = await import("../../../archive/verify/gap_id.ts");
  const gap = gaps.find((gap) => gapId(gap) === id);
  return gap && { shardId: gap.shardId, description: describeGap(gap) };
}

/** The gap of an ID, if the manifests show it. */
async function findInArchive(
  { client, stream, id }: GapDecision,
  { options, config }: { readonly options: AcceptOptions; readonly config: StreamConfig },
  context: CliContext,
): Promise<FoundGap | undefined> {
  if (options.bucket === undefined && config.archive?.bucket === undefined) {
    throw new UsageError(
      `Cannot accept it: gap ${id} is not recorded in the database; pass --bucket or set ` +
        "TRITON_BUCKET, so that the archive is searched for it",
    );
  }
  const [{ verifyArchive }, { knowledgeFrom }] = await Promise.all([
    import("../../../archive/verify/verify.ts"),
    import("../../archive_knowledge.ts"),
  ]);
  const { selection, store: opened } = await openStoreOf(options, context);
  await using store = opened;
  const progress = new Progress(context, "read", {
    noun: "files",
    total: async (signal) => (await countArchives(store, { ...selection, client }, signal)).files,
  });
  const { problems } = await verifyArchive(store, {
    ...{ ...selection, client },
    knowledge: knowledgeFrom(options.checkpointDb, { client, stream }),
    onProgress: (files, bytes) => progress.update(files, bytes),
  });
  await progress.end();
  const problem = problems.find((problem) => problem.id === id);
  return problem && { shardId: problem.shardId!, description: problem.message };
}

/** Who decides, which is saved. */
function whoDecides({ by }: AcceptOptions, { env }: CliContext): string {
  const name = by ?? USER_VARIABLES.map((variable) => env[variable]).find(Boolean);
  if (name !== undefined && name.trim() !== "") return name;
  throw new UsageError("No name: pass --by, so that the database says who accepted the gap");
}
