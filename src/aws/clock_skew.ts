/**
 * Clocks that the AWS SDK sets right.
 *
 * @module
 */

/** A client of the SDK, as far as it matters here. */
export interface SkewedClient {
  /** Its configuration. */
  readonly config: {
    /** What the SDK adds to this machine's time, in milliseconds: it takes it from each response. */
    readonly systemClockOffset: number;
    /** What sends its requests. */
    readonly requestHandler?: unknown;
  };
}

/** The services take requests whose time is off by 5 minutes or by 15; steps of this many are none. */
const LEAST_STEP_MS = 240_000;

/**
 * Watches a client's clock from before a request.
 *
 * A request that was refused because of the clock is worth another try then. The SDK's own
 * `clockSkewCorrected` says that of every refusal, for as long as this machine's clock is off.
 *
 * @param client The client.
 * @returns Whether the SDK has set its clock since.
 */
export function watchClock(client: SkewedClient): () => boolean {
  const before = client.config.systemClockOffset;
  return () => Math.abs(client.config.systemClockOffset - before) >= LEAST_STEP_MS;
}
