import type { BucketSettings } from "../../../base/settings/bucket_settings.ts";
import type { Clock } from "../../../base/clock.ts";
import type { KinesisApi, StreamDescription } from "../../../kinesis/mod.ts";
import type { OpenedObjectStore } from "../../../objects/mod.ts";
import { checkArchive } from "./check_archive.ts";
import { checkBucket } from "./check_bucket.ts";
import { ServerClocks } from "./check_clock.ts";
import { checkDatabase, type DatabaseKnowledge } from "./check_database.ts";
import { checkGroups } from "./check_groups.ts";
import { checkHistory } from "./check_history.ts";
import { checkStream } from "./check_stream.ts";
import { type Finding, Findings } from "./findings.ts";

export interface ExamineOptions {
  readonly stream: string;
  readonly client: string;
  readonly url: string;
  readonly clock: Clock;
  /** Opens Kinesis; passes its time to `onServerTime`. */
  readonly openKinesis: (
    onServerTime: (time: Date) => void,
  ) => Promise<KinesisApi & AsyncDisposable>;
  /** How the bucket is used. */
  readonly settings: BucketSettings;
  /** Opens the object store with these settings; passes its time to `onServerTime`. */
  readonly openStore: (onServerTime: (time: Date) => void) => Promise<OpenedObjectStore>;
}

/** Runs all checks: sequential for each service, the services in parallel. */
export async function examine(options: ExamineOptions): Promise<Finding[]> {
  const { stream, client, url, clock } = options;
  const clocks = new ServerClocks(clock);
  await using kinesis = await options.openKinesis((time) => clocks.record("Kinesis", time));
  await using store = await options.openStore((time) => clocks.record("S3", time));
  const [streams, buckets, databases, rest] = Array.from({ length: 4 }, () => new Findings()) as [
    ...[Findings, Findings, Findings, Findings],
  ];
  const [description, , knowledge] = await Promise.all([
    checkStream(kinesis, stream, streams),
    checkBucket(store, options.settings, buckets),
    checkDatabase({ url, client, stream, clock }, databases),
  ]);
  clocks.check(rest);
  if (knowledge !== undefined) {
    const isUsable = buckets.list.every(({ level }) => level === "ok");
    await checkRecorded(
      { url, client, kinesis, store, clock, description, isUsable },
      knowledge,
      rest,
    );
  }
  return [streams, buckets, databases, rest].flatMap(({ list }) => list);
}

/** Where a stream is archived, and what is known of it. */
interface RecordedPlace {
  readonly url: string;
  readonly client: string;
  readonly kinesis: KinesisApi;
  readonly store: OpenedObjectStore;
  readonly clock: Clock;
  /** Undefined if the stream could not be described. */
  readonly description: StreamDescription | undefined;
  /** Whether the bucket has passed its checks. */
  readonly isUsable: boolean;
}

/** Checks what the database has recorded of a stream, and whether it fits the archive. */
export async function checkRecorded(
  { url, client, kinesis, store, clock, description, isUsable }: RecordedPlace,
  knowledge: DatabaseKnowledge,
  findings: Findings,
): Promise<void> {
  const now = description?.serverTime?.getTime() ?? clock.now();
  checkHistory(knowledge, { client, now, retentionHours: description?.retentionHours }, findings);
  await checkGroups(knowledge.history, { url, client, kinesis, clock, now }, findings);
  if (description !== undefined && isUsable) {
    await checkArchive({ ...knowledge, store, client, description, clock }, findings);
  }
}
