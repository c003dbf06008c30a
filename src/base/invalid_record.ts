import { getLogger } from "@logtape/logtape";
import { TritonError } from "./errors.ts";
import type { EventData } from "./record.ts";
import type { RecordIssue } from "./schema.ts";

/** What is wrong with a record. */
export type RecordFault =
  /** Its bytes are not one MessagePack map whose keys are strings; `cause` says why. */
  | { readonly type: "not-an-event"; readonly cause: unknown }
  /** It is an event that does not fit the schema. */
  | {
    readonly type: "schema";
    readonly data: EventData;
    readonly issues: readonly RecordIssue[];
  };

/**
 * Thrown when a record is not an event, or does not fit the schema. The error has the whole record;
 * the subclasses `InvalidStreamRecordError` and `InvalidArchiveRecordError` have its place.
 */
export class InvalidRecordError extends TritonError {
  /** The record's bytes, exactly as they were put. */
  readonly raw: Uint8Array;
  /** The event, if the record is one. */
  readonly data: EventData | undefined;
  /** What does not fit the schema: empty if the record is not an event. */
  readonly issues: readonly RecordIssue[];

  /**
   * Creates an error.
   *
   * @param place The record and its place, for the message.
   * @param raw The record's bytes.
   * @param fault What is wrong with it.
   */
  constructor(place: string, raw: Uint8Array, fault: RecordFault) {
    super(
      `Cannot read ${place}: ${describe(fault)}`,
      fault.type === "schema" ? {} : { cause: fault.cause },
    );
    this.raw = raw;
    this.data = fault.type === "schema" ? fault.data : undefined;
    this.issues = fault.type === "schema" ? fault.issues : [];
  }
}

function describe(fault: RecordFault): string {
  if (fault.type === "not-an-event") {
    const { cause } = fault;
    return `it is not an event (${cause instanceof Error ? cause.message : String(cause)})`;
  }
  const issues = fault.issues.map(({ path, message }) =>
    path === "" ? message : `${path}: ${message}`
  );
  return `it does not fit the schema (${issues.join("; ")})`;
}

/**
 * How to handle records that are not events, or do not fit the schema:
 *
 * - `"throw"`: reading throws the error;
 * - `"skip"`: they are skipped, counted by the reader's `skipped`, and logged as warnings;
 * - a callback receives the error, with the record in it; when it returns, reading continues.
 */
export type OnInvalid<E extends InvalidRecordError> =
  | "throw"
  | "skip"
  | ((error: E) => void | Promise<void>);

/** Handles invalid records as the caller chose, and counts those that are skipped. */
export class InvalidRecords<E extends InvalidRecordError> {
  skipped = 0;
  readonly #onInvalid: OnInvalid<E>;
  readonly #log;

  /** Creates a handler that has skipped nothing; `category` is that of the log. */
  constructor(onInvalid: OnInvalid<E> | undefined, category: readonly [string, ...string[]]) {
    this.#onInvalid = onInvalid ?? "throw";
    this.#log = getLogger(category);
  }

  /** Handles a record; throws its error unless the caller chose otherwise. */
  async refuse(error: E): Promise<void> {
    const onInvalid = this.#onInvalid;
    if (onInvalid === "throw") throw error;
    if (onInvalid !== "skip") return await onInvalid(error);
    this.skipped++;
    this.#log.warn("{reason}; skipped", {
      event: "record.skipped",
      reason: error.message,
      skipped: this.skipped,
    });
  }
}
