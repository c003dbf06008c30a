import { TritonError } from "../../base/errors.ts";
import { PendingEvents } from "./pending_events.ts";
import type { TableWriter } from "./table_writer.ts";

/** An output that is being made: what is encoded of it, and events that are not. */
export class OpenOutput {
  /** Its partition. */
  readonly dt: string;
  readonly #eventBytes: number;
  readonly #events = new PendingEvents();
  #table: TableWriter | undefined;
  #bytes: number;
  #pending: number;

  /**
   * @param outputBytes What it counts without events.
   * @param eventBytes What each event counts beside its bytes.
   */
  constructor(dt: string, outputBytes: number, eventBytes: number) {
    this.dt = dt;
    this.#eventBytes = eventBytes;
    this.#bytes = this.#pending = outputBytes;
  }

  /** What it counts. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The part of it that is not encoded yet. */
  get pending(): number {
    return this.#pending;
  }

  /** The file, once something was encoded. */
  get table(): TableWriter | undefined {
    return this.#table;
  }

  /** Adds an event that is not encoded yet. */
  add(events: Uint8Array, start: number, end: number, index: number): void {
    this.#events.add(events, start, end, index);
    const size = end - start + this.#eventBytes;
    this.#bytes += size;
    this.#pending += size;
  }

  /**
   * Encodes all events.
   *
   * @param open Starts the file.
   * @param archive Key of the archive, for messages.
   */
  encode(open: () => TableWriter, archive: string): void {
    const table = this.#table ??= open();
    this.#events.takeAll((bytes, start, end, index) => {
      try {
        table.add(bytes, start, end, index);
      } catch (cause) {
        const { message } = cause as Error;
        throw new TritonError(`Cannot export event ${index} of "${archive}": ${message}`, {
          cause,
        });
      }
    });
    table.flush();
    this.#pending = 0;
  }
}
