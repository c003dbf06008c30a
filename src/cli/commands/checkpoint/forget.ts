import { Command } from "commander";
import type { ForgottenShard } from "../../../ledger/forget_positions.ts";
import type { CliContext } from "../../cli_context.ts";
import { examples } from "../../text/help_text.ts";
import { addClientOptions, type ClientOptions, dryRunOption } from "../../options/client.ts";
import { clientOfStream, streamConfig } from "../../options/stream_config.ts";
import { formatTable } from "../../text/table.ts";
import { textOf } from "../../text/say.ts";
import { countOf } from "../../text/format.ts";

/** `triton checkpoint forget`: removes the positions of a stream that was deleted. */
export function forgetCommand(context: CliContext): Command {
  return addClientOptions(new Command("forget"))
    .summary("remove the positions of a stream that was created again")
    .description(
      "Removes the positions of a stream that was deleted and created again with the same name, so that " +
        "triton store archives the new stream from its beginning, or a consumer group reads it. It fails " +
        "while the stream is still the one that the positions belong to, and while a worker or a member " +
        "is alive. No file is removed. The end of each shard is recorded as a gap.",
    )
    .addOption(dryRunOption())
    .addHelpText(
      "after",
      examples({
        "show what would be forgotten of a stream that was created again":
          "triton checkpoint forget --stream orders --dry-run",
        "forget it": "triton checkpoint forget --stream orders",
      }),
    )
    .action((options: ClientOptions) => forget(options, context));
}

async function forget(options: ClientOptions, context: CliContext): Promise<void> {
  const config = await streamConfig(options, context);
  const { name: stream, region, endpoint } = config;
  const [
    { forgetPositions },
    { openLedger },
    { readLedger },
    { openKinesis },
  ] = await Promise.all([
    import("../../../ledger/forget_positions.ts"),
    import("../../../ledger/open_ledger.ts"),
    import("../../../ledger/read_ledger.ts"),
    import("../../../kinesis/sdk/open_kinesis.ts"),
  ]);
  const { checkpointDb: url, dryRun = false } = options;
  const client = clientOfStream(options, config);
  await readLedger(url, { client, stream }); // fails if there is no database
  await using kinesis = await openKinesis({ region, endpoint, streamArn: config.arn });
  const { createdAt } = await kinesis.describeStream(stream);
  if (!dryRun) await (await openLedger(url, { client, stream }))[Symbol.asyncDispose](); // its tables
  const shards = await forgetPositions(url, { client, stream, createdAt, dryRun });
  await context.stdout.write(describe(shards, dryRun, context.stdout.columns));
}

function describe(shards: readonly ForgottenShard[], dryRun: boolean, columns?: number): string {
  const table = formatTable(
    shards.map(({ shardId, archived }) => [shardId, archived ?? "nothing archived"]),
    { columns },
  );
  const verb = dryRun ? "would be forgotten" : "forgotten";
  return textOf([...table, `${countOf(shards.length, "position")} ${verb}`]);
}
