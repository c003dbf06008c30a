import type { KinesisApi, Shard, StreamDescription } from "../../../kinesis/mod.ts";
import { DEFAULT_MAX_RECORD_BYTES } from "../../../kinesis/put_limits.ts";
import type { Findings } from "./findings.ts";
import { countOf, formatBytes } from "../../text/format.ts";

/** How long Kinesis keeps records by default. */
const LEAST_RETENTION_HOURS = 24;

/** Makes every kind of request that `triton store` sends to Kinesis; no data is kept or printed. */
export async function checkStream(
  kinesis: KinesisApi,
  stream: string,
  findings: Findings,
): Promise<StreamDescription | undefined> {
  const allow = (action: string) => (code: string) => adviceOn(code, action, stream);
  const description = await findings.attempt(
    "stream",
    allow("DescribeStreamSummary"),
    () => kinesis.describeStream(stream),
  );
  if (description !== undefined) judge(description, findings);
  const shards = await findings.attempt(
    "shards",
    allow("ListShards"),
    () => Array.fromAsync(kinesis.listShards(stream)),
  );
  if (shards === undefined) return description;
  const open = shards.filter(({ endingSequenceNumber }) => endingSequenceNumber === undefined);
  const closed = shards.length - open.length;
  findings.ok("shards", `${countOf(open.length, "open shard")}, ${closed} closed`);
  await checkReading(kinesis, { stream, shard: open[0] ?? shards[0] }, findings);
  return description;
}

async function checkReading(
  kinesis: KinesisApi,
  { stream, shard }: { readonly stream: string; readonly shard: Shard | undefined },
  findings: Findings,
): Promise<void> {
  if (shard === undefined) return;
  const allow = (action: string) => (code: string) => adviceOn(code, action, stream);
  const place = { stream, shardId: shard.id };
  const iterator = await findings.attempt(
    "iterator",
    allow("GetShardIterator"),
    () => kinesis.getShardIterator(place, { type: "trim-horizon" }),
  );
  if (iterator === undefined) return;
  const batch = await findings.attempt(
    "records",
    allow("GetRecords"),
    () => kinesis.getRecords(iterator, { limit: 1, shard: place }),
  );
  if (batch !== undefined) findings.ok("records", `reading ${shard.id} is allowed`);
}

function judge(stream: StreamDescription, findings: Findings): void {
  const { name, status, createdAt, retentionHours } = stream;
  const found = `${name} is ${status}, created ${createdAt.toISOString().slice(0, 10)}`;
  if (status === "ACTIVE" || status === "UPDATING") findings.ok("stream", found);
  else findings.fail("stream", found, { advice: "wait until it is ACTIVE" });
  const kept = `records are kept for ${retentionHours} hours`;
  if (retentionHours > LEAST_RETENTION_HOURS) findings.ok("retention", kept);
  else {
    findings.warn("retention", `${kept}: if triton store is down for longer, records are lost`, {
      advice: `aws kinesis increase-stream-retention-period --stream-name ${name} ` +
        "--retention-period-hours 168",
    });
  }
  judgeSettings(stream, findings);
}

function judgeSettings(
  { name, encryptionKey, maxRecordBytes, fanOutConsumers }: StreamDescription,
  findings: Findings,
): void {
  if (encryptionKey !== undefined) {
    findings.ok("encryption", `records of ${name} are encrypted with KMS key ${encryptionKey}`);
  }
  if (maxRecordBytes !== undefined && maxRecordBytes > DEFAULT_MAX_RECORD_BYTES) {
    findings.warn(
      "record size",
      `the stream takes records of up to ${formatBytes(maxRecordBytes)}`,
      {
        advice: "triton puts, archives and reads them; other readers of the stream may not",
      },
    );
  }
  if (fanOutConsumers !== undefined) {
    const consumers = countOf(fanOutConsumers, "enhanced fan-out consumer");
    findings.ok("fan-out", `${consumers}, with dedicated throughput`);
  }
}

function adviceOn(code: string, action: string, stream: string): string | undefined {
  if (code.startsWith("KMS")) {
    return "allow kms:Decrypt on the key that the stream is encrypted with";
  }
  if (code === "ResourceNotFoundException") {
    return "check the name in the configuration, the region, and the account of the credentials";
  }
  return code === "AccessDeniedException" || code === "AccessDenied" ||
      code === "UnauthorizedOperation"
    ? `allow kinesis:${action} on arn:aws:kinesis:*:*:stream/${stream}`
    : undefined;
}
