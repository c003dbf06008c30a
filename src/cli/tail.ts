import { Command } from "commander";
import type { CliContext } from "./cli_context.ts";
import { configOption, parseCount, streamOption } from "./options.ts";
import { startPosition, streamConfig } from "./stream_config.ts";

interface TailOptions {
  readonly stream: string;
  readonly from: string;
  readonly limit?: number;
  readonly config?: string;
}

/** `triton tail`: live events as JSON lines. */
export function tailCommand(context: CliContext): Command {
  return new Command("tail")
    .summary("print live events as JSON lines")
    .description(
      "Prints the events of a stream as they arrive, one JSON object a line, until SIGINT.",
    )
    .addOption(streamOption())
    .option("--from <position>", "where to begin: latest, trim-horizon or a time", "latest")
    .option("--limit <count>", "stop after this many events", parseCount)
    .addOption(configOption())
    .action((options: TailOptions) => tail(options, context));
}

async function tail(options: TailOptions, context: CliContext): Promise<void> {
  const [{ NdjsonWriter }, { openStream }] = await Promise.all([
    import("../codec/mod.ts"),
    import("../stream/mod.ts"),
  ]);
  const from = await startPosition(options.from, context);
  const config = await streamConfig(options, context);
  await using stream = openStream(config, {
    from,
    clock: context.clock,
    signal: context.signal,
    onInvalid: (error) => context.stderr.write(`triton: ${error.message}\n`),
  });
  const writer = new NdjsonWriter();
  let left = options.limit ?? Infinity;
  for await (const record of stream) {
    await context.stdout.write(writer.write(record.raw));
    if (--left <= 0) break;
  }
}
