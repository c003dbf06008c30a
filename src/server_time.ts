/**
 * What the services say the time is.
 *
 * @module
 */

import type { NodeHttpHandler } from "@smithy/node-http-handler";

/** Tells the time that each answer of a service carries in its `Date`, to the second. */
export function watchServerTime(handler: NodeHttpHandler, tell: (time: Date) => void): void {
  const handle = handler.handle.bind(handler);
  handler.handle = async (request, options) => {
    const answer = await handle(request, options);
    tellServerTime(answer.response.headers, tell);
    return answer;
  };
}

/** Tells the time in the `Date` of an answer, if it has one. */
export function tellServerTime(
  headers: Readonly<Record<string, string>>,
  tell: ((time: Date) => void) | undefined,
): void {
  if (tell === undefined) return;
  const time = new Date(headers["date"] ?? "");
  if (!Number.isNaN(time.getTime())) tell(time);
}
