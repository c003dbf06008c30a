import type { LogRecord } from "@logtape/logtape";
import { printable } from "../safe_text.ts";
import { formatTime } from "./table.ts";

/** Keys that every line begins with; no event has a field of these names. */
export const LINE_KEYS = ["time", "level", "event", "message", "logger"];

/** Makes a secret unreadable in a text. */
export type Redact = (text: string) => string;

const COLORS: Readonly<Record<string, number>> = { debug: 90, info: 32, warning: 33, error: 31 };

/** An event as people read it: time, level and what happened. */
export function formatTextLine(record: LogRecord, redact: Redact, colors: boolean): string {
  const level = record.level.padEnd(7);
  const message = printable(redact(messageOf(record)));
  if (!colors) return `${timeOf(record)} ${level} ${message}\n`;
  const color = COLORS[record.level] ?? COLORS.error;
  return `\x1b[90m${timeOf(record)}\x1b[0m \x1b[${color}m${level}\x1b[0m ${message}\n`;
}

/** An event as programs read it: one JSON object, whose fields follow its message. */
export function formatJsonLine(record: LogRecord, redact: Redact): string {
  const { event, ...fields } = record.properties;
  const line = {
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    event,
    message: messageOf(record),
    logger: record.category.join("."),
    ...fields,
  };
  return `${printable(JSON.stringify(line, (_key, value) => toJson(value, redact)))}\n`;
}

function timeOf(record: LogRecord): string {
  return formatTime(record.timestamp);
}

function messageOf(record: LogRecord): string {
  return record.message.map((part) => typeof part === "string" ? part : display(part)).join("");
}

function display(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === "string" ? value : Deno.inspect(value, { colors: false });
}

function toJson(value: unknown, redact: Redact): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "bigint") return String(value);
  return value instanceof Error ? redact(value.message) : value;
}
