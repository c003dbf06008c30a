/**
 * Reaching a live stream by its name.
 *
 * @module
 */

import { LazyKinesis } from "../kinesis/sdk/lazy_kinesis.ts";
import { type KinesisCredentials, openKinesis } from "../kinesis/mod.ts";

/** Which stream, and where it is. */
export interface StreamAddress {
  /** The stream's name, as Kinesis knows it. */
  readonly name: string;
  /** The AWS region; unless given, the SDK's own chain decides. */
  readonly region?: string | undefined;
  /** URL of the service, for a local server or a VPC endpoint. */
  readonly endpoint?: string | undefined;
}

/** A stream's name, and its service, which is opened when it is first asked something. */
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
