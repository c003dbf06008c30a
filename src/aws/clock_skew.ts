/** A client of the SDK, as far as it matters here. */
export interface SkewedClient {
  /** Its configuration. */
  readonly config: {
    /** What the SDK adds to this machine's time, in milliseconds, as calculated from each response. */
    readonly systemClockOffset: number;
    /** Its request handler. */
    readonly requestHandler?: unknown;
  };
}

/** Services accept a clock that is off by up to 5 or 15 minutes; smaller corrections do not count. */
const LEAST_STEP_MS = 240_000;

/**
 * Watches a client's clock, starting before a request.
 *
 * A request that was refused because of the clock may then be retried. The SDK's own
 * `clockSkewCorrected` is set on every refusal, for as long as this machine's clock is wrong.
 *
 * @param client The client.
 * @returns Whether the SDK has corrected its clock since.
 */
export function watchClock(client: SkewedClient): () => boolean {
  const before = client.config.systemClockOffset;
  return () => Math.abs(client.config.systemClockOffset - before) >= LEAST_STEP_MS;
}
