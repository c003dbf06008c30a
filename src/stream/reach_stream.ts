import { isArn, parseStreamArn } from "../base/settings/stream_arn.ts";
import { LazyKinesis } from "../kinesis/sdk/lazy_kinesis.ts";
import { type KinesisCredentials, openKinesis } from "../kinesis/mod.ts";

/** A stream, and its place. */
export interface StreamAddress {
  /** The stream's name in Kinesis, or its ARN, which also says the region and the account. */
  readonly name: string;
  /** The AWS region. Default: that of the SDK. */
  readonly region?: string | undefined;
  /** The stream's ARN, if requests are to name it by that: for a stream of another account. */
  readonly arn?: string | undefined;
  /** URL of the service, for a local server or a VPC endpoint. */
  readonly endpoint?: string | undefined;
}

/**
 * A stream's name, its region if that is known, and its service, which is opened by the first request.
 *
 * @throws {RangeError} If an ARN is not that of a stream, or in another region than the one that is set.
 */
export function reachStream(
  stream: string | StreamAddress,
  credentials: KinesisCredentials | undefined,
): { readonly name: string; readonly region?: string | undefined; readonly kinesis: LazyKinesis } {
  const address: StreamAddress = typeof stream === "string" ? { name: stream } : stream;
  const place = isArn(address.name) ? parseStreamArn(address.name, address.region) : address;
  const { name, region, arn: streamArn } = place;
  const { endpoint } = address;
  const open = () => openKinesis({ region, endpoint, credentials, streamArn });
  return { name, region, kinesis: new LazyKinesis(open) };
}
