/**
 * The answer to GetRecords, read a shorter way than the SDK's.
 *
 * The SDK walks its schema for every field of every record, which takes 5 µs a record, and it holds
 * the body, its text and all of its parts at once, 30 MB for each shard that is far behind. Here the
 * body is parsed in pieces as it comes, in 2 µs a record.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { GetRecordsCommand, GetRecordsOutput, Kinesis } from "@aws-sdk/client-kinesis";

/** The bytes of an answer that are parsed at once, at least. */
const PIECE = 256 * 1024;

/** What the SDK's connection handlers give, as far as it is used here. */
interface WireAnswer {
  readonly statusCode: number;
  body: AsyncIterable<Uint8Array> | Uint8Array;
}

/** A record as it stands in the answer. */
interface WireRecord {
  Data?: unknown;
  ApproximateArrivalTimestamp?: unknown;
}

/**
 * Sends a GetRecords.
 *
 * All but the body of a good answer is the SDK's matter: credentials, signature, errors.
 *
 * @param client The client to ask with.
 * @param command What to ask.
 * @param settings What the SDK takes beside it, such as `abortSignal`.
 * @returns What the SDK would have returned, without `$metadata`.
 */
export async function sendGetRecords(
  client: Kinesis,
  command: GetRecordsCommand,
  settings: { readonly abortSignal?: AbortSignal },
): Promise<GetRecordsOutput> {
  let output: GetRecordsOutput | undefined;
  command.middlewareStack.add((next) => async (args) => {
    const result = await next(args);
    const response = result.response as WireAnswer;
    if (response.statusCode === 200) {
      output = await readAnswer(response);
      response.body = EMPTY; // all that is left for the SDK to read
    }
    return result;
  }, { step: "deserialize", priority: "low", name: "tritonGetRecords" });
  const fromSdk = await client.send(command, settings);
  return output ?? fromSdk;
}

const EMPTY = new TextEncoder().encode("{}");

async function readAnswer(response: WireAnswer): Promise<GetRecordsOutput> {
  const parser = new AnswerParser();
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) parser.push(chunk);
    return parser.end();
  } catch (error) {
    // Where the SDK puts it too: what is wrong with a body says little without its status.
    if (error instanceof SyntaxError) throw Object.assign(error, { $response: response });
    throw error;
  }
}

/** Parses the body of an answer while it comes. */
export class AnswerParser {
  /** What stands before the records: known once the first piece has been parsed. */
  #head = "";
  #records: WireRecord[] = [];
  /** What is not parsed yet; the buffer is used again for every piece. */
  #buffer: Buffer;
  #used = 0;
  readonly #piece: number;
  /** Bytes that are worth a try. */
  #enough: number;

  /** @param piece The bytes that are parsed at once, at least. */
  constructor(piece = PIECE) {
    this.#piece = this.#enough = piece;
    this.#buffer = Buffer.allocUnsafe(0);
  }

  /**
   * Takes bytes in; they are copied.
   *
   * @throws {SyntaxError} As `end` does.
   */
  push(chunk: Uint8Array): void {
    const size = this.#used + chunk.length;
    if (size > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * size, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, this.#used));
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#used);
    this.#used = size;
    if (size >= this.#enough) this.#parsePiece();
  }

  /**
   * Parses the rest.
   *
   * @throws {SyntaxError} If the body is no JSON, a record's data no base64, or its time no number.
   */
  end(): GetRecordsOutput {
    const text = this.#head + this.#buffer.toString("utf8", 0, this.#used);
    if (text === "") return {} as GetRecordsOutput;
    const answer = JSON.parse(text);
    if (!Array.isArray(answer?.Records)) return answer ?? {};
    for (const record of answer.Records) this.#records.push(decodeRecord(record));
    return { ...answer, Records: this.#records };
  }

  /**
   * Parses all records that are there in full.
   *
   * The cut is made between two records, or so it seems: the text may be part of a partition key.
   * Then what stands before it is no JSON, because a string in it does not end.
   */
  #parsePiece(): void {
    const bytes = this.#buffer.subarray(0, this.#used);
    const cut = bytes.lastIndexOf(BETWEEN_RECORDS);
    const start = this.#head === "" ? startOfRecords(bytes) : 0;
    const records = start === -1 || cut <= start ? undefined : parseRecords(bytes, start, cut + 1);
    if (records === undefined) {
      this.#enough = 2 * this.#used; // so that all tries together stay linear
      return;
    }
    for (const record of records) this.#records.push(decodeRecord(record));
    this.#head ||= bytes.toString("utf8", 0, start);
    bytes.copyWithin(0, cut + 2);
    this.#used -= cut + 2;
    this.#enough = this.#piece;
  }
}

const BETWEEN_RECORDS = '},{"';
/** Nothing but a key of JSON can look like this: in a string, the quotes would be escaped. */
const RECORDS_KEY = '"Records":[';

function startOfRecords(bytes: Buffer): number {
  const at = bytes.indexOf(RECORDS_KEY);
  return at === -1 ? -1 : at + RECORDS_KEY.length;
}

function parseRecords(bytes: Buffer, start: number, end: number): WireRecord[] | undefined {
  try {
    return JSON.parse(`[${bytes.toString("utf8", start, end)}]`);
  } catch {
    return undefined;
  }
}

/** Decodes a record in place. */
function decodeRecord(record: WireRecord): WireRecord {
  if (typeof record?.Data === "string") record.Data = decodeBase64(record.Data);
  const time = record?.ApproximateArrivalTimestamp;
  if (time !== undefined && time !== null) {
    if (typeof time !== "number") {
      throw new SyntaxError(`Cannot read ApproximateArrivalTimestamp ${JSON.stringify(time)}`);
    }
    record.ApproximateArrivalTimestamp = new Date(Math.round(time * 1000));
  }
  return record;
}

/** Decodes base64; what `Buffer` passes over in silence is an error. */
function decodeBase64(text: string): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.from(text, "base64");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (text.length % 4 !== 0 || length !== text.length / 4 * 3 - padding) {
    throw new SyntaxError("Cannot read a record's data: it is not base64");
  }
  return new Uint8Array(buffer, byteOffset, length);
}
