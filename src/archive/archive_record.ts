import { eventForJson } from "../codec/json/event_for_json.ts";
import { makeVisible, valueForJson } from "../codec/json/visible.ts";
import { decodeEvent } from "../codec/msgpack/decode.ts";
import { type ArchiveBlock, eventsIn } from "../codec/tri/archive_events.ts";
import { ArchiveFormatError } from "../base/errors.ts";
import {
  InvalidRecordError,
  InvalidRecords,
  type OnInvalid,
  type RecordFault,
} from "../base/invalid_record.ts";
import type { ArchiveRecord, EventData } from "../base/record.ts";
import { applySchema, type RecordSchema } from "../base/schema.ts";

/** An event of an archive. */
export interface EventPlace {
  readonly key: string;
  /** Which of the file's events it is, counted from 0. */
  readonly index: number;
}

/** Thrown when an event of an archive does not fit the schema. */
export class InvalidArchiveRecordError extends InvalidRecordError {
  /** Key of the archive. */
  readonly key: string;
  /** Which of the file's events it is, counted from 0; without those that damage took. */
  readonly index: number;

  /**
   * Creates an error.
   *
   * @param place The archive, and which of its events it is.
   * @param raw The record's bytes.
   * @param fault What is wrong with it.
   */
  constructor(place: EventPlace, raw: Uint8Array, fault: RecordFault) {
    super(`event ${place.index} of archive "${place.key}"`, raw, fault);
    this.key = place.key;
    this.index = place.index;
  }
}

/** What events have to look like, and what becomes of others. */
export interface EventCheckOptions<T> {
  /**
   * What events have to look like: any [Standard Schema](https://standardschema.dev), such as one of
   * zod, valibot or arktype. A record's `data` is then what the schema makes of the event.
   */
  readonly schema?: RecordSchema<T> | undefined;
  /**
   * What happens to an event that does not fit the schema. Unless given, it ends the reading with an
   * error. `"skip"` passes it over, counts it in `skipped` and logs a warning; a callback gets the
   * error, with the record in it.
   */
  readonly onInvalid?: OnInvalid<InvalidArchiveRecordError> | undefined;
}

/** Makes records of the events of archives. */
export class EventChecker<T> {
  readonly #schema: RecordSchema<T> | undefined;
  readonly #invalid: InvalidRecords<InvalidArchiveRecordError>;

  constructor(options: EventCheckOptions<T>) {
    this.#schema = options.schema;
    this.#invalid = new InvalidRecords(options.onInvalid, ["triton", "archive"]);
  }

  get skipped(): number {
    return this.#invalid.skipped;
  }

  /**
   * Makes records of a block's events.
   *
   * @param block Events of a file.
   * @param place The first of them; its index is counted up with each event.
   * @param signal Ends the reading: no event is checked after that.
   * @returns The records, at once where there is no schema; undefined for one to pass over.
   * @throws {InvalidArchiveRecordError} If an event does not fit, and `onInvalid` does not say what to
   * do.
   */
  *recordsIn(
    block: ArchiveBlock,
    place: { -readonly [K in keyof EventPlace]: EventPlace[K] },
    signal: AbortSignal,
  ): Generator<ArchiveRecord<T> | Promise<ArchiveRecord<T> | undefined>, void, void> {
    for (const event of eventsIn(block)) {
      signal.throwIfAborted();
      yield this.#check(place, event);
      place.index++;
    }
  }

  #check(
    place: EventPlace,
    raw: Uint8Array,
  ): ArchiveRecord<T> | Promise<ArchiveRecord<T> | undefined> {
    const record = new LazyRecord(place.key, raw);
    if (this.#schema !== undefined) return this.#typed(this.#schema, place, record);
    // Without a schema, T is EventData.
    return record as ArchiveRecord<unknown> as ArchiveRecord<T>;
  }

  async #typed(
    schema: RecordSchema<T>,
    place: EventPlace,
    { key, raw, data }: ArchiveRecord,
  ): Promise<ArchiveRecord<T> | undefined> {
    const result = await applySchema(schema, data);
    if (result.type === "valid") return new TypedArchiveRecord(key, raw, result.data);
    const fault = { type: "schema", data, issues: result.issues } as const;
    await this.#invalid.refuse(new InvalidArchiveRecordError(place, raw, fault));
    return undefined;
  }
}

/** A record that is decoded when its data is first read. */
class LazyRecord implements ArchiveRecord {
  readonly key: string;
  readonly raw: Uint8Array;
  #data: EventData | undefined;

  constructor(key: string, raw: Uint8Array) {
    this.key = key;
    this.raw = raw;
  }

  get data(): EventData {
    try {
      return this.#data ??= decodeEvent(this.raw);
    } catch (error) {
      throw namingKey(this.key, error);
    }
  }
}

/** A record whose data is the output of a schema. */
class TypedArchiveRecord<T> implements ArchiveRecord<T> {
  readonly key: string;
  readonly raw: Uint8Array;
  readonly data: T;

  constructor(key: string, raw: Uint8Array, data: T) {
    this.key = key;
    this.raw = raw;
    this.data = data;
  }
}

function view<R extends ArchiveRecord<unknown>>(toJson: (record: R) => unknown) {
  return {
    name: "ArchiveRecord",
    fields: ({ key, data }: R) => ({ key, data }),
    json: (record: R) => ({ key: record.key, data: toJson(record) }),
  };
}

makeVisible(LazyRecord, view(({ raw }) => eventForJson(raw)));
makeVisible(TypedArchiveRecord, view(({ data }) => valueForJson(data)));

/** Says in which archive something is wrong. */
export function namingKey(key: string, error: unknown): unknown {
  if (!(error instanceof ArchiveFormatError)) return error;
  const { message, offset } = error;
  return new ArchiveFormatError(`Cannot read "${key}": ${message}`, { offset, cause: error });
}
