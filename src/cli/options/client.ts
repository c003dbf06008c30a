import { type Command, Option } from "commander";
import { TritonError } from "../../base/errors.ts";
import type { LedgerReport } from "../../ledger/read_ledger.ts";
import type { PassedOptions } from "./env_option.ts";
import { clientOption, configOption, databaseOption, streamOption } from "./options.ts";

/** Options of the commands about one client's positions in a stream. */
export interface ClientOptions extends PassedOptions {
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

/** Adds the same options, without a bucket. The client must be named. */
export function addPositionOptions(command: Command): Command {
  const client = clientOption("name of the client").makeOptionMandatory();
  return addClientOptions(command, undefined, client);
}

/** Reads what the database knows of a client in a stream, without changing it. */
export async function historyOf(options: ClientOptions, stream: string): Promise<LedgerReport> {
  const { readLedger } = await import("../../ledger/read_ledger.ts");
  return await readLedger(options.checkpointDb, { client: options.clientName, stream });
}

/**
 * Rejects a command on an archive whose client is a consumer group, which has none.
 *
 * @throws {TritonError} If it is one.
 */
export function refuseGroup(what: string, groups: LedgerReport["groups"] = []): void {
  const [group] = groups;
  if (group === undefined) return;
  throw new TritonError(
    `${what}: client "${group.client}" is a consumer group of "${group.stream}", which archives ` +
      "nothing; pass the --client-name of triton store",
  );
}
