import { Command } from "commander";
import type { ConfigProblem, ConfigReport } from "../../../config/mod.ts";
import { TritonError } from "../../../base/errors.ts";
import { concatBytes } from "../../../base/bytes.ts";
import { printable } from "../../../base/safe_text.ts";
import { type CliContext, writeReport } from "../../cli_context.ts";
import { examples } from "../../text/help_text.ts";
import { configOption } from "../../options/options.ts";
import { configPath } from "../../options/stream_config.ts";
import { countOf } from "../../text/format.ts";
import { jsonLine, textOf } from "../../text/say.ts";

interface CheckOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** `triton config check`: checks the configuration. */
export function checkCommand(context: CliContext): Command {
  return new Command("check")
    .summary("check the configuration")
    .description(
      "Prints every mistake in the configuration, each with its line and column, and warns of what is " +
        "allowed but probably not meant, such as two names for one stream. Exits with 1 if there is a " +
        "mistake. Nothing is looked up in AWS: triton doctor does that.",
    )
    .argument("[file]", "file to check; - is standard input (default: that of --config)")
    .addOption(configOption())
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      examples({
        "check the file of TRITON_CONFIG": "triton config check",
        "check a file before it is deployed": "triton config check triton.yaml --json",
      }),
    )
    .action((file: string | undefined, options: CheckOptions) => check(file, options, context));
}

async function check(
  file: string | undefined,
  options: CheckOptions,
  context: CliContext,
): Promise<void> {
  const path = file ?? configPath(options.config);
  const { checkConfig } = await import("../../../config/check_config.ts");
  const text = await readText(path, context);
  const report = checkConfig(text, { now: context.clock.now() });
  const shown = path === "-" ? "standard input" : path;
  await writeReport(
    context,
    options.json === true ? jsonLine({ path, ...report }) : describe(report, shown),
  );
  const { problems } = report;
  if (problems.length === 0) return;
  throw new TritonError(`The configuration has ${countOf(problems.length, "mistake")}`);
}

async function readText(path: string, { stdin }: CliContext): Promise<string> {
  const { decodeConfig, readConfigFile } = await import("../../../config/config_file.ts");
  if (path !== "-") return await readConfigFile(path);
  const pieces: Uint8Array[] = [];
  for await (const piece of stdin) pieces.push(piece.slice()); // a piece is valid for a short time
  return decodeConfig(concatBytes(pieces), "standard input");
}

function describe({ streams, problems, warnings }: ConfigReport, path: string): string {
  const line = (kind: string) => (problem: ConfigProblem) =>
    `${path}:${problem.line}:${problem.column}: ${kind}${problem.message}`;
  const found = [countOf(streams.length, "stream")];
  if (warnings.length > 0) found.push(countOf(warnings.length, "warning"));
  const lines = [
    ...problems.map(line("")),
    ...warnings.map(line("warning: ")),
    ...problems.length === 0 ? [`${path}: ${found.join(", ")}, no mistake`] : [],
  ];
  return textOf(lines.map(printable));
}
