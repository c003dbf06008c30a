import { equal } from "node:assert/strict";
import { lastArchived } from "../../src/ledger/last_archived.ts";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";

const SHARD = "shardId-000000000000" as ShardId;

function gap(after: string | undefined, reason = "skipped", shardId = SHARD) {
  return { shardId, after: after as SequenceNumber | undefined, reason };
}

function last(checkpoint: string | undefined, ...gaps: ReturnType<typeof gap>[]) {
  return lastArchived(
    { shardId: SHARD, checkpoint: checkpoint as SequenceNumber | undefined },
    gaps,
  );
}

Deno.test("lastArchived() is the checkpoint, or where it was when it was passed over", () => {
  equal(last("7", gap("9")), "7");
  equal(last(undefined), undefined);
  equal(last(undefined, gap("9"), gap("10"), gap(undefined)), "10");
  equal(last(undefined, gap("9", "retention")), undefined);
  equal(last(undefined, gap("9", "skipped", "shardId-000000000001" as ShardId)), undefined);
});
