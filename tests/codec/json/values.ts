import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { readArchiveBlocks } from "../../../src/codec/tri/archive_reader.ts";
import { NdjsonWriter } from "../../../src/codec/json/write.ts";

/**
 * Parses JSON lines into values for exact comparison: a number becomes the text of its value, and a
 * MessagePack timestamp of go-triton becomes what Triton prints.
 */
export function jsonValues(lines: string): unknown[] {
  return lines.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line, exact));
}

// The third argument of a reviver is newer than the types.
function exact(this: unknown, _key: string, value: unknown, context?: { source?: string }) {
  if (typeof value === "number") return `number ${exactNumber(value, context!.source!)}`;
  return isTimestamp(value) ? timestampText(Buffer.from(value.Data, "base64")) : value;
}

function exactNumber(value: number, source: string): string {
  if (/^-?\d+$/.test(source)) return source;
  return Number.isInteger(value) && !Object.is(value, -0) ? String(BigInt(value)) : String(value);
}

function isTimestamp(value: unknown): value is { Data: string } {
  return typeof value === "object" && value !== null && "Data" in value && "Type" in value &&
    value.Type === "number -1";
}

/** The extension of the MessagePack specification in 32, 64 or 96 bits, as RFC 3339. */
function timestampText(data: Uint8Array): string {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const [seconds, nanoseconds] = data.length === 4
    ? [view.getUint32(0), 0]
    : data.length === 8
    ? [(view.getUint32(0) & 3) * 2 ** 32 + view.getUint32(4), view.getUint32(0) >>> 2]
    : [Number(view.getBigInt64(4)), view.getUint32(0)];
  const fraction = String(nanoseconds).padStart(9, "0").replace(/0+$/, "");
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${text}${fraction === "" ? "" : `.${fraction}`}Z`;
}

/** The events of an archive as JSON lines. */
export async function jsonLinesOf(file: Uint8Array): Promise<string> {
  const [writer, decoder] = [new NdjsonWriter(), new TextDecoder()];
  let lines = "";
  for await (const block of readArchiveBlocks(file)) {
    lines += decoder.decode(writer.write(block.events));
  }
  return lines;
}

/** Pairs of `x.tri` and `x.ndjson` in a folder, found by listing it. */
export function pairsIn(folder: URL | string): { name: string; file: Uint8Array; lines: string }[] {
  const path = (name: string) =>
    folder instanceof URL ? new URL(name, folder) : `${folder}/${name}`;
  return readdirSync(folder).filter((name) => name.endsWith(".tri")).map((name) => ({
    name,
    file: new Uint8Array(readFileSync(path(name))),
    lines: readFileSync(path(name.replace(/tri$/, "ndjson")), "utf8"),
  }));
}
