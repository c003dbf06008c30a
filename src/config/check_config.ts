import { quotedList } from "../base/suggest.ts";
import { readStreams, type StreamConfig } from "./stream.ts";
import { inOrder, type Place, type Problem, YamlText } from "./yaml.ts";

/** Something in a configuration, and where. */
export interface ConfigProblem {
  /** Line, counted from 1. */
  readonly line: number;
  /** Column, counted from 1. */
  readonly column: number;
  /** What it is, and what would be right. */
  readonly message: string;
}

/** What {@linkcode checkConfig} found. */
export interface ConfigReport {
  /** Names of the streams that could be read. */
  readonly streams: readonly string[];
  /** Mistakes: with any of them, no command runs. */
  readonly problems: readonly ConfigProblem[];
  /** What is allowed, but probably not meant; only looked for if there are no mistakes. */
  readonly warnings: readonly ConfigProblem[];
}

/** Options of {@linkcode checkConfig}. */
export interface CheckConfigOptions {
  /**
   * The current time, in milliseconds since the Unix epoch: `from` may not be later. Default: that is
   * not checked.
   */
  readonly now?: number | undefined;
}

/**
 * Checks the text of a configuration: finds every mistake, and what is suspicious.
 *
 * @example Usage
 * ```ts
 * import { checkConfig } from "@triton/triton/config";
 * import { deepEqual } from "node:assert/strict";
 *
 * const { problems } = checkConfig("clicks:\n  nmae: clicks_prod\n");
 * deepEqual(problems.map(({ line, column }) => [line, column]), [[1, 1], [2, 3]]);
 * ```
 * @param text The configuration.
 * @param options The current time.
 * @returns What was found, in the order of the text.
 */
export function checkConfig(text: string, options: CheckConfigOptions = {}): ConfigReport {
  const yaml = new YamlText(text);
  const streams = readStreams(yaml, options.now);
  const warnings = yaml.problems.length > 0 ? [] : suspicionsOf(streams, placesOf(yaml));
  return {
    streams: streams.map(({ logicalName }) => logicalName),
    problems: inOrder(yaml.problems).map(toProblem),
    warnings: inOrder(warnings).map(toProblem),
  };
}

function toProblem({ message, place: { line, column } }: Problem): ConfigProblem {
  return { line, column, message };
}

/** Where each stream begins. */
function placesOf(yaml: YamlText): (logicalName: string) => Place {
  const entries = yaml.entries(yaml.root, "stream");
  return (logicalName) => entries!.get(logicalName)!.place;
}

/** What is allowed, but probably not meant. */
function suspicionsOf(
  streams: readonly StreamConfig[],
  placeOf: (logicalName: string) => Place,
): Problem[] {
  const places = new Map(streams.map((stream) => [stream.logicalName, stream]));
  const suspicions = streams.flatMap((stream, at) =>
    [
      sameStream(stream, streams.slice(0, at)),
      otherName(stream, places),
      unusualRegion(stream),
    ].flatMap((message) =>
      message === undefined ? [] : [{ message, place: placeOf(stream.logicalName) }]
    )
  );
  if (!streams.every(isDisabled)) return suspicions;
  const message = 'Every stream has "enabled: false", so that --all-streams archives none';
  return [...suspicions, { message, place: placeOf(streams[0]!.logicalName) }];
}

function isDisabled({ archive }: StreamConfig): boolean {
  return archive?.enabled === false;
}

/** Two names for one stream. */
function sameStream(stream: StreamConfig, before: readonly StreamConfig[]): string | undefined {
  const { logicalName, name, region, endpoint, archive, arn } = stream;
  const others = before.filter((one) =>
    one.name === name && one.region === region && one.endpoint === endpoint &&
    (one.arn ?? arn) === (arn ?? one.arn) // else they are of two accounts
  );
  if (others.length === 0) return undefined;
  const names = quotedList([...others.map((one) => one.logicalName), logicalName]);
  const isTwice = !isDisabled(stream) &&
    others.some((one) => !isDisabled(one) && one.archive?.client === archive?.client);
  const why = isTwice
    ? ', which "triton store --all-streams" refuses unless each has a "client" of its own'
    : "";
  return `${names} are the same stream in Kinesis, "${name}"${why}`;
}

/** A stream that is called as another one is in Kinesis. */
function otherName(
  { logicalName, name }: StreamConfig,
  streams: ReadonlyMap<string, StreamConfig>,
): string | undefined {
  const other = streams.get(name);
  if (other === undefined || other.logicalName === logicalName || other.name === name) {
    return undefined;
  }
  return `"${logicalName}" is "${name}" in Kinesis, but here "${name}" is the name of another stream`;
}

/** A region that is none of AWS's, unless the stream is on another server. */
function unusualRegion({ logicalName, region, endpoint }: StreamConfig): string | undefined {
  if (region === undefined || endpoint !== undefined) return undefined;
  if (/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(region)) return undefined;
  return `"${region}", the region of "${logicalName}", does not look like one of AWS, such as ` +
    '"us-east-1"';
}
