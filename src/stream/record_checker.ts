import { validateEvent } from "../codec/msgpack/scan.ts";
import {
  InvalidRecordError,
  InvalidRecords,
  type OnInvalid,
  type RecordFault,
} from "../base/invalid_record.ts";
import type { UserRecord } from "../kinesis/mod.ts";
import type { SequenceNumber, ShardId, StreamRecord } from "../base/record.ts";
import { applySchema, type RecordSchema } from "../base/schema.ts";
import type { PartWatch } from "./watch/part_watch.ts";
import { LiveRecord, TypedRecord } from "./live_record.ts";

/** Thrown when a record of a stream is not an event, or does not fit the schema. */
export class InvalidStreamRecordError extends InvalidRecordError {
  /** The stream's name. */
  readonly stream: string;
  /** The shard that holds the record. */
  readonly shardId: ShardId;
  /** The record's position in its shard. */
  readonly sequenceNumber: SequenceNumber;
  /** The record's place in an aggregated Kinesis record; undefined if it was not aggregated. */
  readonly subSequenceNumber: number | undefined;
  /** The key that picked the shard. */
  readonly partitionKey: string;
  /** When Kinesis received the record, by its own clock. */
  readonly arrivedAt: Date;

  /**
   * Creates an error.
   *
   * @param place The stream and the shard.
   * @param record The record.
   * @param fault What is wrong with it.
   */
  constructor(
    place: { readonly stream: string; readonly shardId: ShardId },
    record: UserRecord,
    fault: RecordFault,
  ) {
    const { stream, shardId } = place;
    const { sequenceNumber, subSequenceNumber } = record;
    const inside = subSequenceNumber === undefined ? "" : `user record ${subSequenceNumber} of `;
    super(
      `${inside}record ${sequenceNumber} of shard "${shardId}" of stream "${stream}"`,
      record.data,
      fault,
    );
    this.stream = stream;
    this.shardId = shardId;
    this.sequenceNumber = sequenceNumber;
    this.subSequenceNumber = subSequenceNumber;
    this.partitionKey = record.partitionKey;
    this.arrivedAt = record.arrivedAt;
  }
}

/** How records are checked, and what happens to invalid ones. */
export interface RecordCheckOptions<T> {
  /**
   * The shape of events: any [Standard Schema](https://standardschema.dev), such as one of zod, valibot
   * or arktype. A record's `data` is then the output of the schema.
   */
  readonly schema?: RecordSchema<T> | undefined;
  /**
   * What happens to a record that is not an event, or does not fit the schema. `"skip"` skips it, counts
   * it in `skipped` and logs a warning; a callback receives the error, with the record in it. The
   * record then counts as processed. Default: `"throw"`, each time the record is read, so that none is
   * lost silently.
   */
  readonly onInvalid?: OnInvalid<InvalidStreamRecordError> | undefined;
}

/** Checks records of Kinesis. */
export class RecordChecker<T> {
  readonly #stream: string;
  readonly #schema: RecordSchema<T> | undefined;
  readonly #watch: Pick<PartWatch, "count">;
  readonly #invalid: InvalidRecords<InvalidStreamRecordError>;

  constructor(stream: string, options: RecordCheckOptions<T>, watch: Pick<PartWatch, "count">) {
    this.#watch = watch;
    this.#stream = stream;
    this.#schema = options.schema;
    this.#invalid = new InvalidRecords(options.onInvalid, ["triton", "stream"]);
  }

  get skipped(): number {
    return this.#invalid.skipped;
  }

  /**
   * Checks a record.
   *
   * @returns The record; undefined if it is skipped.
   * @throws {InvalidStreamRecordError} If it is invalid and not skipped.
   */
  async check(shardId: ShardId, record: UserRecord): Promise<StreamRecord<T> | undefined> {
    const checked = await this.#read(shardId, record);
    if (!(checked instanceof InvalidStreamRecordError)) return checked;
    this.#watch.count("triton.reader.invalid", 1);
    await this.#invalid.refuse(checked);
    return undefined;
  }

  async #read(
    shardId: ShardId,
    record: UserRecord,
  ): Promise<StreamRecord<T> | InvalidStreamRecordError> {
    const place = { stream: this.#stream, shardId };
    try {
      validateEvent(record.data);
    } catch (cause) {
      return new InvalidStreamRecordError(place, record, { type: "not-an-event", cause });
    }
    const live = new LiveRecord(shardId, record);
    // Without a schema, T is EventData.
    if (this.#schema === undefined) return live as StreamRecord<unknown> as StreamRecord<T>;
    const { data: event } = live;
    const result = await applySchema(this.#schema, event);
    if (result.type === "invalid") {
      const { issues } = result;
      return new InvalidStreamRecordError(place, record, { type: "schema", data: event, issues });
    }
    return new TypedRecord(result.data, live);
  }
}
