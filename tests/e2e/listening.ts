import type { TritonProcess } from "../support/triton_process.ts";

/** Options of a `triton store` that shows its status on a free port. */
export const LISTEN = ["--listen", "127.0.0.1:0"];

/** What it says when it does. */
export const LISTENING = /Serving status and metrics on (http:\/\/[^/]+\/)/;

/** Where a store says that it listens; undefined if it has not said so yet. */
export function findUrl(store: TritonProcess): string | undefined {
  for (const line of store.log) {
    const url = LISTENING.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  return undefined;
}
