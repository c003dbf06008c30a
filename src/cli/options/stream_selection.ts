import { type Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "./usage_error.ts";

/** The options of {@linkcode addSelectionOptions}. */
export interface SelectionOptions {
  readonly stream?: readonly string[];
  readonly allStreams?: boolean;
  readonly streamsLike?: readonly string[];
  readonly except?: readonly string[];
  readonly tag?: ReadonlyMap<string, string>;
}

/** Which streams a command is about. */
export type Selection =
  /** Those with these names in the configuration. */
  | { readonly type: "named"; readonly names: readonly string[] }
  /** All of the configuration, except those whose names are like one of the patterns. */
  | { readonly type: "all"; readonly except: readonly string[] }
  /** Those of the account whose names are like one of the patterns, with all of the tags. */
  | {
    readonly type: "account";
    readonly like: readonly string[];
    readonly except: readonly string[];
    readonly tags: ReadonlyMap<string, string>;
  };

/** Adds the options that select streams, of which there may be several. */
export function addSelectionOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--stream <name>",
        "logical name of a stream, as in the configuration (repeatable)",
      ).argParser(collect),
    )
    .option("--all-streams", "all streams of the configuration")
    .addOption(
      new Option(
        "--streams-like <pattern>",
        "streams of the account by their names in Kinesis, such as 'prod-*' (repeatable)",
      ).argParser(collectPattern),
    )
    .addOption(
      new Option(
        "--tag <key=value>",
        "with --streams-like: only streams with this tag (repeatable: all of them)",
      ).argParser(collectTag),
    )
    .addOption(
      new Option(
        "--except <pattern>",
        "not these streams, such as 'test_*' (repeatable)",
      ).argParser(collect),
    );
}

/**
 * Decides which streams are meant.
 *
 * @throws {UsageError} If none are, or the options contradict each other.
 */
export function selectionOf(options: SelectionOptions): Selection {
  const { stream = [], allStreams = false, streamsLike = [], except = [], tag } = options;
  const [chosen, ...others] = [
    ...stream.length > 0 ? ["--stream"] : [],
    ...allStreams ? ["--all-streams"] : [],
    ...streamsLike.length > 0 ? ["--streams-like"] : [],
  ];
  if (chosen === undefined) {
    throw new UsageError(
      "required option '--stream <name>' not specified: pass it once or more, or --all-streams, or " +
        "--streams-like <pattern>",
    );
  }
  if (others.length > 0) {
    throw new UsageError(`Cannot use ${chosen} with ${others[0]}: pass one of them`);
  }
  if (tag !== undefined && chosen !== "--streams-like") {
    throw new UsageError(
      `Cannot use --tag with ${chosen}: pass --streams-like '*' to select streams by their tags`,
    );
  }
  if (chosen === "--stream") {
    if (except.length === 0) return { type: "named", names: [...new Set(stream)] };
    throw new UsageError(
      "Cannot use --except with --stream: pass --all-streams, or leave out --except",
    );
  }
  if (allStreams) return { type: "all", except };
  return { type: "account", like: streamsLike, except, tags: tag ?? new Map() };
}

/** Whether a selection is for one stream, now and later. */
export function isOne(selection: Selection): boolean {
  return selection.type === "named" && selection.names.length === 1;
}

/** Collects the values of an option that may be repeated. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  if (text !== "") return [...before, text];
  throw new InvalidArgumentError("It is empty.");
}

function collectPattern(text: string, before?: readonly string[]): readonly string[] {
  if (/^[a-zA-Z0-9_.*?-]+$/.test(text)) return collect(text, before);
  throw new InvalidArgumentError(
    'Use letters, digits, "-", "_", ".", "*" (any text) and "?" (one character), such as prod-*.',
  );
}

function collectTag(
  text: string,
  before: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/su.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new InvalidArgumentError("Use KEY=VALUE, such as team=data.");
  }
  const other = before.get(key);
  if (other === undefined || other === value) return new Map([...before, [key, value]]);
  throw new InvalidArgumentError(`No stream has two values of one tag: there is ${key}=${other}.`);
}
