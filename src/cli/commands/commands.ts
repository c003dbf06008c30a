import { Command, Help } from "commander";
import type { CliContext } from "../cli_context.ts";

/** What one wants to do, as the help groups the commands. */
type Group = "archive" | "read" | "live" | "care" | "about";

const HEADINGS: Readonly<Record<Group, string>> = {
  archive: "Archive streams:",
  read: "Read archives:",
  live: "Write and read live streams:",
  care: "Look after archives and positions:",
  about: "About triton:",
};

/** A command, as the help lists it. */
interface Listing {
  readonly group: Group;
  /** Its name, alias and arguments. */
  readonly term: string;
  readonly summary: string;
  readonly load: () => Promise<(context: CliContext) => Command>;
}

/** The commands in the order of the help. Each is loaded only when a command line may run it. */
const COMMANDS: readonly Listing[] = [
  {
    group: "archive",
    term: "store|s [options]",
    summary: "archive a stream",
    load: async () => (await import("./store/store.ts")).storeCommand,
  },
  {
    group: "archive",
    term: "doctor [options]",
    summary: "check everything that triton store needs",
    load: async () => (await import("./doctor/doctor.ts")).doctorCommand,
  },
  {
    group: "archive",
    term: "config",
    summary: "check the configuration, and print its JSON Schema",
    load: async () => (await import("./config/config.ts")).configCommand,
  },
  {
    group: "archive",
    term: "cost [options]",
    summary: "estimate what a load costs on AWS",
    load: async () => (await import("./cost/cost.ts")).costCommand,
  },
  {
    group: "archive",
    term: "health [options] [check]",
    summary: "check a running triton store, for supervisors",
    load: async () => (await import("./health.ts")).healthCommand,
  },
  {
    group: "read",
    term: "cat [options] [file...]",
    summary: "print archived events as JSON lines",
    load: async () => (await import("./cat/cat.ts")).catCommand,
  },
  {
    group: "read",
    term: "ls [options]",
    summary: "list the archives of a stream",
    load: async () => (await import("./ls/ls.ts")).lsCommand,
  },
  {
    group: "read",
    term: "map [options]",
    summary: "draw the archive of a stream: what is there, what is missing",
    load: async () => (await import("./map/map.ts")).mapCommand,
  },
  {
    group: "read",
    term: "export [options]",
    summary: "export archives as tables, such as Parquet",
    load: async () => (await import("./export/export.ts")).exportCommand,
  },
  {
    group: "live",
    term: "put [options] [file]",
    summary: "put JSON lines into a stream",
    load: async () => (await import("./put/put.ts")).putCommand,
  },
  {
    group: "live",
    term: "tail [options]",
    summary: "print live events as JSON lines",
    load: async () => (await import("./tail/tail.ts")).tailCommand,
  },
  {
    group: "live",
    term: "shards [options]",
    summary: "list the shards of a stream",
    load: async () => (await import("./shards.ts")).shardsCommand,
  },
  {
    group: "care",
    term: "stats [options]",
    summary: "show how far clients have come in each shard",
    load: async () => (await import("./stats/stats.ts")).statsCommand,
  },
  {
    group: "care",
    term: "verify [options]",
    summary: "prove that the archive of a stream is whole",
    load: async () => (await import("./verify.ts")).verifyCommand,
  },
  {
    group: "care",
    term: "quarantine [options]",
    summary: "list archived records that are not events",
    load: async () => (await import("./quarantine.ts")).quarantineCommand,
  },
  {
    group: "care",
    term: "checkpoint",
    summary: "list, move and repair the saved positions of a client",
    load: async () => (await import("./checkpoint/checkpoint.ts")).checkpointCommand,
  },
  {
    group: "about",
    term: "completions [options] [shell]",
    summary: "print a completion script for a shell",
    load: async () => (await import("./completions/completions.ts")).completionsCommand,
  },
  {
    group: "about",
    term: "version [options]",
    summary: "print the version and details of the build",
    load: async () => (await import("./version.ts")).versionCommand,
  },
  {
    group: "about",
    term: "help [name...]",
    summary: "explain a command, or one of: config, format, environment, permissions",
    load: async () => (await import("./help/help.ts")).helpCommand,
  },
];

/** These print what the other commands are. */
const ABOUT_OTHERS = ["completions", "help"];

/** Commands that use nothing that writes to the log. */
const SILENT = [...ABOUT_OTHERS, "health", "version", "check", "schema", "cost"];

/**
 * Makes the commands that a command line may use: the one that it begins with; if none of its
 * arguments is a command, what a help text or a suggestion needs; otherwise all of them.
 */
export async function commandsFor(
  args: readonly string[],
  context: CliContext,
): Promise<Command[]> {
  const named = (listing: Listing) => args.some((arg) => namesOf(listing).includes(arg));
  if (!COMMANDS.some(named)) return COMMANDS.map((listing) => new ListedCommand(listing));
  const first = COMMANDS.filter((listing) => namesOf(listing).includes(args[0]!));
  const isAlone = first.length > 0 && !ABOUT_OTHERS.includes(args[0]!);
  return await Promise.all(
    (isAlone ? first : COMMANDS).map(async ({ group, summary, load }) =>
      (await load())(context).summary(summary).helpGroup(HEADINGS[group])
    ),
  );
}

/** A command that can be listed, but not run. */
class ListedCommand extends Command {
  readonly term: string;

  constructor(listing: Listing) {
    const [name, alias] = namesOf(listing);
    super(name);
    if (alias !== undefined) this.alias(alias);
    this.summary(listing.summary).helpGroup(HEADINGS[listing.group]);
    this.term = listing.term;
  }
}

/** What the help lists a command as. */
export function termOf(command: Command): string {
  if (command instanceof ListedCommand) return command.term;
  return Help.prototype.subcommandTerm(command);
}

function namesOf({ term }: Listing): string[] {
  return term.split(" ")[0]!.split("|");
}

/** Whether a command may write to the log, which is then opened before it starts. */
export function mayLog(command: Command): boolean {
  const readsFiles = command.name() === "cat" && command.args.length > 0;
  return !readsFiles && !SILENT.includes(command.name());
}
