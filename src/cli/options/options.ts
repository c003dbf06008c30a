import { InvalidArgumentError, Option } from "commander";
import { type ListenAddress, parseListenAddress } from "../../base/listen_address.ts";
import {
  parseBucket,
  parseClientName as clientNameOf,
  parseDuration as durationOf,
  parseSize as sizeOf,
} from "../../base/settings/values.ts";
import type { ShardId } from "../../base/record.ts";
import { EnvOption } from "./env_option.ts";
import { UsageError } from "./usage_error.ts";

/** `--stream`, the logical name of a stream. */
export function streamOption(): Option {
  return new Option(
    "--stream <name>",
    "logical name of the stream in the configuration, or its ARN",
  )
    .makeOptionMandatory();
}

/** `--config`, the file that maps logical names to streams. */
export function configOption(): Option {
  return new EnvOption("--config <file>", "configuration file (YAML)", "TRITON_CONFIG");
}

/** `--bucket`, the location of the archive. */
export function bucketOption(
  description = "location of the archive: s3://BUCKET/PREFIX, BUCKET or file:///DIR",
): Option {
  return new EnvOption("--bucket <url>", description, "TRITON_BUCKET").argParser(
    argument(parseBucket),
  );
}

/** The value of `--bucket`, which is required. */
export function bucketOf({ bucket }: { readonly bucket?: string | undefined }): string {
  if (bucket !== undefined) return bucket;
  throw new UsageError(
    "No bucket: pass --bucket or set TRITON_BUCKET to the location of the archive",
  );
}

/** `--checkpoint-db`, the database that stores positions. */
export function databaseOption(): Option {
  return new EnvOption(
    "--checkpoint-db <url>",
    "database that stores positions: sqlite://PATH or postgres://...",
    "TRITON_DB",
  ).default("sqlite://triton.db");
}

/** `--client-name`, which is part of the keys of archives and of each position. */
export function clientOption(description: string): Option {
  return new EnvOption("--client-name <name>", description, "TRITON_CLIENT")
    .argParser(parseClientName);
}

/** `--listen`, the address where `triton store` serves status and metrics. */
export function listenOption(description: string): Option {
  return new EnvOption("--listen <address>", description, "TRITON_LISTEN").argParser(parseListen);
}

/** The value of `--listen`. */
export function parseListen(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address !== undefined) return address;
  throw new InvalidArgumentError(
    "Use an address such as 127.0.0.1:9464, [::1]:9464 or :9464.",
  );
}

/** `--stop-timeout`, how long stopping may take. */
export function stopTimeoutOption(): Option {
  return new EnvOption(
    "--stop-timeout <duration>",
    "longest time to stop after a signal, even if records are not archived by then",
    "TRITON_STOP_TIMEOUT",
  ).argParser(parseStopTimeout).default(110_000, "110s");
}

function parseStopTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms >= 3_000) return ms;
  throw new InvalidArgumentError("Use at least 3s, such as 110s: 2s of it are for the logs.");
}

/** Parses a duration such as `90s`, `15m` or `1h`; the result is in milliseconds. */
export const parseDuration = argument(durationOf);

/** Parses a size such as `64MiB`, `500MB` or `1048576`; the result is in bytes. */
export const parseSize = argument(sizeOf);

/** Checks a client's name, which is part of the keys of its archives. */
export const parseClientName = argument(clientNameOf);

/** Makes a parser of flags from one that the configuration has too, which throws what would be right. */
export function argument<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(`${(error as RangeError).message}.`);
    }
  };
}

/** Parses a number of seconds such as `2` or `0.5`; the result is in milliseconds. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds < 0.1 || seconds > 86_400) {
    throw new InvalidArgumentError("Use a number of seconds from 0.1 to 86400.");
  }
  return Math.round(seconds * 1000);
}

/** Parses a positive integer. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError("Use a positive integer.");
  }
  return count;
}

/** Checks a day in the form `YYYYMMDD` (or `YYYY-MM-DD`); the result is in the first form. */
export function parseDay(text: string): string {
  const match = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(text);
  const iso = match === null ? "" : `${match[1]}-${match[2]}-${match[3]}`;
  const date = new Date(`${iso}T00:00:00Z`);
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== iso) {
    throw new InvalidArgumentError("Use a valid date as YYYYMMDD, such as 20150710.");
  }
  if (iso < "1970") throw new InvalidArgumentError("Use a day from 1970 on.");
  return iso.replaceAll("-", "");
}

/** Checks the ID of a shard. */
export function parseShardId(text: string): ShardId {
  if (!/^[a-zA-Z0-9_.-]{1,128}$/.test(text)) {
    throw new InvalidArgumentError("Use the ID of a shard, such as shardId-000000000000.");
  }
  return text as ShardId;
}

/** An option for a duration or a size, whose default `--help` prints as it is written. */
export function measured(flags: string, description: string, fallback: string): Option {
  const parse = flags.endsWith("<size>") ? parseSize : parseDuration;
  return new Option(flags, description).argParser(parse).default(parse(fallback), fallback);
}
