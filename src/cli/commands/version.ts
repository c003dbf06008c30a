import { Command } from "commander";
import { VERSION } from "../../base/version.ts";
import type { CliContext } from "../cli_context.ts";
import { examples } from "../text/help_text.ts";
import { UNKNOWN_COMMIT } from "../read_commit.ts";
import { jsonLine } from "../text/say.ts";

/** `triton version`: what exactly is running. */
export function versionCommand(context: CliContext): Command {
  return new Command("version")
    .description(
      "Prints the version. With --json it also prints the commit, the version of Deno, the target, and " +
        "the versions of the tables and of the archive format that this program writes.",
    )
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      examples({
        "the version": "triton version",
        "the commit, the target and the versions of the formats": "triton version --json",
      }),
    )
    .action(async ({ json }: { json?: boolean }) => {
      const text = json === true ? jsonLine(await describeBuild(context)) : `${VERSION}\n`;
      await context.stdout.write(text);
    });
}

/** What `triton version --json` prints; fields may be added, but never removed. */
interface BuildDescription {
  readonly version: string;
  /** 40 digits, with `-modified` if files differed from it; `unknown` if it was not recorded. */
  readonly commit: string;
  readonly deno: string;
  /** The target triple, such as `x86_64-unknown-linux-gnu`. */
  readonly target: string;
  /** Version of Triton's tables, as in `triton_schema`. */
  readonly schema: number;
  readonly format: number;
}

async function describeBuild(
  { commit = UNKNOWN_COMMIT }: CliContext,
): Promise<BuildDescription> {
  const [{ LEDGER_VERSION }, { FORMAT_VERSION }] = await Promise.all([
    import("../../ledger/tables/schema.ts"),
    import("../../codec/tri/archive_format.ts"),
  ]);
  return {
    version: VERSION,
    commit,
    deno: Deno.version.deno,
    target: Deno.build.target,
    schema: LEDGER_VERSION,
    format: FORMAT_VERSION,
  };
}
