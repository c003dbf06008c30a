/** A stream of Kinesis, as its ARN names it. */
export interface StreamArn {
  /** The stream's name. */
  readonly name: string;
  /** The region that the stream is in. */
  readonly region: string;
  /** The ARN itself. */
  readonly arn: string;
}

const STREAM_ARN =
  /^arn:aws[a-z-]*:kinesis:([a-z0-9-]+):\d{12}:stream\/([a-zA-Z0-9_.-]{1,128})(\/.*)?$/s;

/** What to write instead of another ARN. */
const EXAMPLE = "arn:aws:kinesis:REGION:ACCOUNT:stream/NAME";

/** Whether a text begins as an ARN does: no name of a stream does. */
export function isArn(text: string): boolean {
  return text.startsWith("arn:");
}

/**
 * Parses the ARN of a stream.
 *
 * @param region A region that was set beside it, which must be the same.
 * @throws {RangeError} If it is not the ARN of a stream, or in another region.
 */
export function parseStreamArn(arn: string, region?: string): StreamArn {
  const [, own, name, rest] = STREAM_ARN.exec(arn) ?? [];
  const refuse = (why: string): never => {
    throw new RangeError(`Cannot use "${arn}" as a stream: ${why}`);
  };
  if (own === undefined || name === undefined) {
    const [, , service = ""] = arn.split(":");
    const isOther = /^[a-z0-9-]+$/.test(service) && service !== "kinesis";
    return refuse(
      isOther
        ? `it is of ${service}, not of Kinesis Data Streams; use ${EXAMPLE}`
        : `use ${EXAMPLE}`,
    );
  }
  if (rest !== undefined) {
    const stream = arn.slice(0, -rest.length);
    return refuse(
      rest.startsWith("/consumer/")
        ? `it is a consumer with enhanced fan-out, which Triton does not use; use "${stream}"`
        : `use "${stream}"`,
    );
  }
  if (region !== undefined && region !== own) {
    return refuse(`it is in ${own}, and the region is set to ${region}; leave out the region`);
  }
  return { name, region: own, arn };
}
