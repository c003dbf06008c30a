import type { LogRecord } from "@logtape/logtape";
import { printable } from "../../base/safe_text.ts";
import type { MaskOptions } from "../../base/secrets.ts";
import { formatTime } from "./format.ts";

/** The first keys of every line; events have no fields with these names. */
export const LINE_KEYS = ["time", "level", "event", "message", "logger"];

/** Masks secrets in a text. */
export type Redact = (text: string, options?: MaskOptions) => string;

/** Fields with Triton's own names: they are not masked, even if a password is the same word. */
const NAMES = new Set(
  ("client code command from key logger service shardId stream time url verdict worker").split(" "),
);

const COLORS: Readonly<Record<string, number>> = { debug: 90, info: 32, warning: 33, error: 31 };

/**
 * Formats events for people: time, level and message. Once there were events of several streams, also
 * the stream, unless the message names it.
 */
export class TextLines {
  readonly #streams = new Set<unknown>();

  format(record: LogRecord, redact: Redact, colors: boolean): string {
    const { stream } = record.properties;
    if (typeof stream !== "string") return formatTextLine(record, redact, colors);
    this.#streams.add(stream);
    const isNamed = this.#streams.size < 2 || messageOf(record, redact).includes(stream);
    return formatTextLine(record, redact, colors, isNamed ? "" : ` (${stream})`);
  }
}

/** Formats an event for people: time, level and message. */
export function formatTextLine(
  record: LogRecord,
  redact: Redact,
  colors: boolean,
  suffix = "",
): string {
  const level = record.level.padEnd(7);
  const message = printable(messageOf(record, redact) + suffix);
  if (!colors) return `${timeOf(record)} ${level} ${message}\n`;
  const color = COLORS[record.level] ?? COLORS.error;
  return `\x1b[90m${timeOf(record)}\x1b[0m \x1b[${color}m${level}\x1b[0m ${message}\n`;
}

/** Formats an event for programs: one JSON object, with the fields after the message. */
export function formatJsonLine(record: LogRecord, redact: Redact): string {
  const { event, ...fields } = record.properties;
  const line = {
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    event,
    message: messageOf(record, redact),
    logger: record.category.join("."),
  };
  const masked = Object.entries(fields).map(([name, value]) =>
    [name, toJson(value, masking(name, redact))] as const
  );
  return `${printable(JSON.stringify({ ...line, ...Object.fromEntries(masked) }))}\n`;
}

function timeOf(record: LogRecord): string {
  return formatTime(record.timestamp);
}

/** The message; only its filled-in values can contain secrets. */
function messageOf({ message, rawMessage }: LogRecord, redact: Redact): string {
  const names = [...String(rawMessage).matchAll(/\{\s*(\w+)\s*\}/g)].map(([, name]) => name!);
  return message.map((part, at) =>
    at % 2 === 0 ? String(part) : masking(names[(at - 1) / 2] ?? "", redact)(display(part))
  ).join("");
}

function masking(name: string, redact: Redact): (text: string) => string {
  return (text) => redact(text, { words: !NAMES.has(name) });
}

function display(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === "string" ? value : Deno.inspect(value, { colors: false });
}

/** A JSON value with all texts in it masked. */
function toJson(value: unknown, mask: (text: string) => string): unknown {
  const text = JSON.stringify(value instanceof Error ? value.message : value, (_key, value) => {
    if (typeof value === "string") return mask(value);
    if (typeof value === "bigint") return String(value);
    return value instanceof Error ? mask(value.message) : value;
  });
  return text === undefined ? undefined : JSON.parse(text);
}
