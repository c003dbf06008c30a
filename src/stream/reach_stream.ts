import { LazyKinesis } from "../kinesis/sdk/lazy_kinesis.ts";
import { type KinesisCredentials, openKinesis } from "../kinesis/mod.ts";

/** A stream, and its place. */
export interface StreamAddress {
  /** The stream's name in Kinesis. */
  readonly name: string;
  /** The AWS region. Default: that of the SDK. */
  readonly region?: string | undefined;
  /** URL of the service, for a local server or a VPC endpoint. */
  readonly endpoint?: string | undefined;
}

/** A stream's name, and its service, which is opened by the first request. */
export function reachStream(
  stream: string | StreamAddress,
  credentials: KinesisCredentials | undefined,
): { readonly name: string; readonly kinesis: LazyKinesis } {
  const { name, region, endpoint }: StreamAddress = typeof stream === "string"
    ? { name: stream }
    : stream;
  const open = () => openKinesis({ region, endpoint, credentials });
  return { name, kinesis: new LazyKinesis(open) };
}
