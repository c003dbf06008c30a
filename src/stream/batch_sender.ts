/**
 * Getting a batch of records into a stream, all of it.
 *
 * @module
 */

import { isPassingCode } from "../aws/passing.ts";
import { KinesisError } from "../errors.ts";
import type { KinesisApi, PutEntry, PutResult } from "../kinesis/mod.ts";
import { askUntilAnswered, type RetryingOptions } from "../kinesis/retrying.ts";

/** Thrown when Kinesis refuses a record for good. */
export class PutRecordError extends KinesisError {
  /** The record's place among all that were given to the writer, from 0. */
  readonly index: number;

  /**
   * Creates an error.
   *
   * @param message What could not be done, and why.
   * @param options The service's name for it, and the record's place.
   */
  constructor(message: string, options: ErrorOptions & { code: string; index: number }) {
    super(message, { ...options, retryable: false });
    this.index = options.index;
  }
}

/** A record with its place among all that were given to the writer. */
export interface IndexedEntry extends PutEntry {
  /** The place, from 0. */
  readonly index: number;
}

/** A record that was not taken in. */
interface Refusal {
  readonly entry: IndexedEntry;
  readonly code: string;
  readonly message: string;
}

/** Sends batches, and of each what was refused again, until all of it is in the stream. */
export class BatchSender {
  /** How many records the stream has taken in. */
  written = 0;
  readonly #kinesis: KinesisApi;
  readonly #stream: string;
  readonly #options: RetryingOptions & { readonly ordered?: boolean | undefined };

  /** Creates a sender; `ordered` puts at most one record of each key into a request. */
  constructor(
    kinesis: KinesisApi,
    stream: string,
    options: RetryingOptions & { readonly ordered?: boolean | undefined },
  ) {
    this.#kinesis = kinesis;
    this.#stream = stream;
    this.#options = options;
  }

  /**
   * Puts a batch.
   *
   * @returns When all of it is in the stream.
   * @throws {PutRecordError} If a record was refused for good.
   * @throws {KinesisError} If a request was refused for good.
   */
  async send(batch: readonly IndexedEntry[]): Promise<void> {
    const { ordered, signal } = this.#options;
    const request = { service: "kinesis", operation: "PutRecords", stream: this.#stream } as const;
    let rest = batch;
    while (rest.length > 0) {
      await askUntilAnswered(request, async () => {
        const { now, later } = ordered === true ? splitByKey(rest) : { now: rest, later: [] };
        const results = await this.#kinesis.putRecords(this.#stream, now, { signal });
        const refusals = findRefusals(now, results);
        this.written += now.length - refusals.length;
        rest = [...refusals.map(({ entry }) => entry), ...later];
        this.#throwRefusal(refusals);
      }, this.#options);
    }
  }

  /** Throws what can be mended by another try as such; one record beyond that spoils it for all. */
  #throwRefusal(refusals: readonly Refusal[]): void {
    const permanent = refusals.find(({ code }) => !isPassingCode(code));
    const { entry, code, message } = permanent ?? refusals[0] ?? {};
    if (entry === undefined || code === undefined) return;
    const what = `Cannot put record ${entry.index} into stream "${this.#stream}"`;
    const why = message ? `${code}: ${message}` : code;
    if (permanent !== undefined) {
      throw new PutRecordError(`${what}: ${why}`, { code, index: entry.index });
    }
    const others = refusals.length > 1 ? ` and ${refusals.length - 1} others` : "";
    throw new KinesisError(`${what}${others}: ${why}`, { code, retryable: true });
  }
}

/** The first record of each key, and the others. */
function splitByKey(entries: readonly IndexedEntry[]) {
  const keys = new Set<string>();
  const now: IndexedEntry[] = [];
  const later: IndexedEntry[] = [];
  for (const entry of entries) {
    (keys.has(entry.partitionKey) ? later : now).push(entry);
    keys.add(entry.partitionKey);
  }
  return { now, later };
}

function findRefusals(
  entries: readonly IndexedEntry[],
  results: readonly PutResult[],
): Refusal[] {
  return entries.flatMap((entry, i) => {
    const result = results[i] ?? { ok: false, code: "InvalidAnswer", message: "no result" };
    return result.ok ? [] : [{ entry, code: result.code, message: result.message }];
  });
}
