import { Command } from "commander";
import { LEDGER_VERSION } from "../../ledger/tables/schema.ts";
import { FORMAT_VERSION } from "../../codec/tri/archive_format.ts";
import { VERSION } from "../../base/version.ts";
import type { CliContext } from "../cli_context.ts";
import { UNKNOWN_COMMIT } from "../read_commit.ts";
import { jsonLine } from "../text/say.ts";

/** `triton version`: what exactly runs here. */
export function versionCommand(context: CliContext): Command {
  return new Command("version")
    .summary("print the version, and what it was made of and for")
    .description(
      "Prints the version; with --json also the commit, the Deno, the machine, and the versions of\n" +
        "the tables and of the archive format that this program writes.",
    )
    .option("--json", "one JSON object")
    .action(async ({ json }: { json?: boolean }) => {
      const text = json === true ? jsonLine(describeBuild(context)) : `${VERSION}\n`;
      await context.stdout.write(text);
    });
}

/** What `triton version --json` prints; its fields only ever grow in number. */
interface BuildDescription {
  readonly version: string;
  /** 40 digits, with `-modified` if files differed from it; `unknown` where nothing recorded it. */
  readonly commit: string;
  /** The version of the Deno that runs this. */
  readonly deno: string;
  /** The machine, as Deno names it: `x86_64-unknown-linux-gnu`. */
  readonly target: string;
  /** Version of Triton's tables, as in `triton_schema`. */
  readonly schema: number;
  /** Version of the archive format. */
  readonly format: number;
}

function describeBuild({ commit = UNKNOWN_COMMIT }: CliContext): BuildDescription {
  return {
    version: VERSION,
    commit,
    deno: Deno.version.deno,
    target: Deno.build.target,
    schema: LEDGER_VERSION,
    format: FORMAT_VERSION,
  };
}
