import type { MapKnowledge } from "../archive/mod.ts";

/** Whose archive it is. */
export interface ArchiveOwner {
  /** Name of the stream in Kinesis. */
  readonly stream: string;
  /** Default: all clients. */
  readonly client: string | undefined;
}

/** What a database knows of the archive of a stream. It is read each time, because it changes. */
export function knowledgeFrom(url: string, owner: ArchiveOwner): Required<MapKnowledge> {
  const read = async () => {
    const { readLedger } = await import("../ledger/read_ledger.ts");
    return await readLedger(url, owner);
  };
  return {
    checkpoints: async () => {
      const { checkpoints, shards } = await read();
      const archivers = new Set(shards.map(({ client }) => client));
      return checkpoints.map((one) => ({ ...one, isArchivers: archivers.has(one.client) }));
    },
    gaps: async () => (await read()).gaps,
    moves: async () => (await read()).moves,
    accepted: async () => {
      const { readAcceptedGaps } = await import("../ledger/accepted_gaps.ts");
      return await readAcceptedGaps(url, owner);
    },
    lineage: async () => (await read()).shards,
  };
}
