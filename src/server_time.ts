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
    const time = new Date(answer.response.headers["date"] ?? "");
    if (!Number.isNaN(time.getTime())) tell(time);
    return answer;
  };
}
