import { watchRefusals } from "./client_settings.ts";
import type { SkewedClient } from "./clock_skew.ts";

/**
 * Sends one request.
 *
 * @param client The client.
 * @param signal Cancels the request: the call then rejects with the signal's reason.
 * @param send Sends the request.
 * @param toError Converts an error of the SDK; `mayPass` is whether a retry may succeed because the
 * SDK has corrected its clock, or gets other credentials.
 * @returns What `send` returned.
 */
export async function sendRequest<T>(
  client: SkewedClient,
  signal: AbortSignal | undefined,
  send: () => Promise<T>,
  toError: (error: unknown, mayPass: boolean) => unknown,
): Promise<T> {
  signal?.throwIfAborted();
  const mayPass = watchRefusals(client);
  try {
    return await send();
  } catch (error) {
    signal?.throwIfAborted();
    throw toError(error, mayPass(error));
  }
}
