import { Command } from "commander";
import type { CliContext } from "../cli_context.ts";
import { examples } from "../text/help_text.ts";
import { configOption, streamOption } from "../options/options.ts";
import { streamConfig } from "../options/stream_config.ts";
import { jsonLine, tabLine } from "../text/say.ts";

/** Attempts per request of an interactive command: with the pauses, about half a minute. */
export const INTERACTIVE_ATTEMPTS = 8;

interface ShardsOptions {
  readonly stream: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** `triton shards`: lists the shards of a stream. */
export function shardsCommand(context: CliContext): Command {
  return new Command("shards")
    .description("Lists the IDs of a stream's shards, one per line. Closed shards are included.")
    .addOption(streamOption())
    .option("--json", "print one JSON object per line, with parents and sequence numbers")
    .addOption(configOption())
    .addHelpText(
      "after",
      examples({
        "the IDs of the shards": "triton shards --stream clicks",
        "the shards that have no parents":
          `triton shards --stream clicks --json | grep '"parents":\\[\\]'`,
      }),
    )
    .action((options: ShardsOptions) => shards(options, context));
}

async function shards(options: ShardsOptions, context: CliContext): Promise<void> {
  const [{ openKinesis }, { listAllShards }] = await Promise.all([
    import("../../kinesis/sdk/open_kinesis.ts"),
    import("../../kinesis/shard_list.ts"),
  ]);
  const config = await streamConfig(options, context);
  const { region, endpoint, arn: streamArn } = config;
  await using kinesis = await openKinesis({ region, endpoint, streamArn });
  const { clock } = context;
  const retries = { clock, maxAttempts: INTERACTIVE_ATTEMPTS };
  for (const { id: shardId, ...more } of await listAllShards(kinesis, config.name, retries)) {
    await context.stdout.write(
      options.json === true ? jsonLine({ shardId, ...more }) : tabLine([shardId]),
    );
  }
}
