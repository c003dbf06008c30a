import { SigningHandler } from "./client_settings.ts";

/** A client of the SDK, as far as it matters here. */
interface SdkClient {
  readonly config: {
    /** What the SDK adds to this machine's time, in milliseconds, as calculated from each response. */
    readonly systemClockOffset: number;
    readonly requestHandler?: unknown;
  };
}

/** Services accept a clock that is off by up to 5 or 15 minutes; smaller corrections do not count. */
const LEAST_STEP_MS = 240_000;

/**
 * Sends one request.
 *
 * @param client The client, whose settings are those of `clientSettings` or others.
 * @param signal Cancels the request: the call then rejects with the signal's reason.
 * @param send Sends the request.
 * @param toError Converts an error of the SDK; `mayPass` is whether a retry may succeed because the
 * SDK has corrected its clock, or gets other credentials.
 * @returns What `send` returned.
 */
export async function sendRequest<T>(
  { config }: SdkClient,
  signal: AbortSignal | undefined,
  send: () => Promise<T>,
  toError: (error: unknown, mayPass: boolean) => unknown,
): Promise<T> {
  signal?.throwIfAborted();
  const offset = config.systemClockOffset;
  try {
    return await send();
  } catch (error) {
    signal?.throwIfAborted();
    // Not the SDK's `clockSkewCorrected`: it is set as long as this machine's clock is wrong.
    const isClockSet = Math.abs(config.systemClockOffset - offset) >= LEAST_STEP_MS;
    const { requestHandler: handler } = config;
    const mayPass = isClockSet ||
      handler instanceof SigningHandler && handler.credentials.failed(error);
    throw toError(error, mayPass);
  }
}
