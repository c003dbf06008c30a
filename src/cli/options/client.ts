import { type Command, Option } from "commander";
import { clientOption, configOption, databaseOption, streamOption } from "./options.ts";

/** Options of the commands about one client's positions in a stream. */
export interface ClientOptions {
  readonly stream: string;
  readonly clientName: string;
  readonly checkpointDb: string;
  readonly config?: string;
  readonly dryRun?: boolean;
}

/**
 * Adds the options of {@linkcode ClientOptions}, without `--dry-run`.
 *
 * @param bucket `--bucket`, where the command uses an archive.
 * @param client `--client-name`. Default: one that is `store` unless it is passed.
 */
export function addClientOptions(
  command: Command,
  bucket?: Option,
  client = clientOption("name of the client").default("store"),
): Command {
  command.addOption(streamOption());
  if (bucket !== undefined) command.addOption(bucket);
  return command.addOption(client).addOption(databaseOption()).addOption(configOption());
}

export function dryRunOption(): Option {
  return new Option("--dry-run", "print what would change, and change nothing");
}
