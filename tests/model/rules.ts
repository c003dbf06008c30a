/** The rules of the protocol (docs/ARCHITECTURE.md), each of which can be left out to see what it is there for. */
export interface Rules {
  /** Step 4: an intent is refused if the shard's epoch is no longer the lease's. */
  readonly epochAtIntent: boolean;
  /** Step 4: an intent is refused if the shard's checkpoint is not where its file begins. */
  readonly checkpointAtIntent: boolean;
  /** Step 4: an intent is refused if the worker's bucket is not the ledger's. */
  readonly bucketAtIntent: boolean;
  /** Step 5: an object is put only if its key is free. */
  readonly putIfAbsent: boolean;
  /** Step 5: whoever finds a key taken looks at the object before the file counts as archived. */
  readonly lookAtTakenKey: boolean;
  /** Steps 5 and 7: a put counts only if the answer is of the bucket itself. */
  readonly storedWhenSaid: boolean;
  /** Step 6: the checkpoint moves only if the intent is still open. */
  readonly commitOnlyOpen: boolean;
  /** Step 7: open intents are settled before the shard is read. */
  readonly recovery: boolean;
  /** Step 7: recovery puts an empty archive under the key, and does not only look whether it is taken. */
  readonly emptyArchive: boolean;
  /** Step 7: "no open intent is left" and the checkpoint are read in one transaction. */
  readonly oneTransaction: boolean;
  /** Step 7: an intent is settled only in the bucket that it names. */
  readonly settleInItsBucket: boolean;
  /** A move to another bucket waits until no intent is open. */
  readonly moveWithoutOpenIntent: boolean;
  /** A lease is taken by whoever looked where the archive ends, should the ledger have forgotten it. */
  readonly lookWhereArchiveEnds: boolean;
}

/** The protocol as it is. */
export const ALL_RULES: Rules = {
  epochAtIntent: true,
  checkpointAtIntent: true,
  bucketAtIntent: true,
  putIfAbsent: true,
  lookAtTakenKey: true,
  storedWhenSaid: true,
  commitOnlyOpen: true,
  recovery: true,
  emptyArchive: true,
  oneTransaction: true,
  settleInItsBucket: true,
  moveWithoutOpenIntent: true,
  lookWhereArchiveEnds: true,
};

/** The protocol without some of its rules. */
export function without(...names: readonly (keyof Rules)[]): Rules {
  return { ...ALL_RULES, ...Object.fromEntries(names.map((name) => [name, false])) };
}

/** How large the model's world is, and how often what goes wrong in it. */
export interface World {
  readonly records: number;
  /** How many files may be begun. */
  readonly intents: number;
  /** How often the lease may be taken. */
  readonly leases: number;
  /** How often a bucket, or something that stands before it, says "stored" of what it has not stored. */
  readonly lies: number;
  /** How often a stranger takes the key of a file. */
  readonly strangers: number;
  /** How often the archive moves to the other bucket. */
  readonly moves: number;
  /** How often the ledger forgets its newest commit, and the intent with it. */
  readonly lapses: number;
}
