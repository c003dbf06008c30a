import { messageOf, TritonError } from "../../base/errors.ts";

/** A stream that is not archived. */
export interface DownStream {
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** Name of the client that the archives belong to. */
  readonly client: string;
  /** What the last attempt failed with. */
  readonly error: unknown;
}

/** Thrown by a host of several streams that stops while some of them are not archived. */
export class StreamsDownError extends TritonError {
  /** The streams that were down. */
  readonly streams: readonly DownStream[];

  /**
   * Creates an error.
   *
   * @param streams The streams that are down: at least one.
   * @param total How many streams there are.
   */
  constructor(streams: readonly DownStream[], total: number) {
    const reasons = streams.map(({ stream, error }) => `"${stream}": ${messageOf(error)}`);
    const count = `${streams.length} of ${total} streams`;
    super(`Cannot archive ${count}: ${reasons.join("; ")}`, { cause: streams[0]!.error });
    this.streams = streams;
  }
}
