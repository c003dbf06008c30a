import type { WorldStream } from "./world_stream.ts";

/** Tells whether one process has two shards more than another, of all streams together. */
export async function findImbalance(streams: readonly WorldStream[]): Promise<string | undefined> {
  const counts = new Map<string, number>();
  for (const { ledger } of streams) {
    for (const { owner } of await ledger.shards("open")) {
      if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
  }
  const held = [...counts.values()].sort((a, b) => a - b);
  if (held.length === 0 || held.at(-1)! - held[0]! <= 1) return undefined;
  return `the processes hold ${held.join(", ")} shards`;
}
