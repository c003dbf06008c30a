import type { Clock } from "../../../base/clock.ts";
import type { OpenedObjectStore } from "../../../objects/mod.ts";
import type { StreamJob } from "../../options/stream_jobs.ts";
import type { SharedServices } from "../../shared_services.ts";
import { checkBucket } from "./check_bucket.ts";
import type { ServerClocks } from "./check_clock.ts";
import { checkDatabase, readKnowledge } from "./check_database.ts";
import { checkStream } from "./check_stream.ts";
import { checkRecorded } from "./examine.ts";
import { type Finding, Findings } from "./findings.ts";

/** How many streams are checked at once. */
const AT_ONCE = 4;

/** What {@linkcode examineStreams} checks. */
export interface ExamineStreamsOptions {
  /** The streams: at least one. */
  readonly jobs: readonly StreamJob[];
  /** URL of the database. */
  readonly url: string;
  readonly clock: Clock;
  /** The clients, by which the time of the services is learned. */
  readonly services: Pick<SharedServices, "kinesis" | "store">;
  readonly clocks: ServerClocks;
}

/** What was found of one stream. */
export interface StreamFindings {
  readonly job: StreamJob;
  readonly findings: readonly Finding[];
}

/** What was found of several streams, and of what they share. */
export interface SharedFindings {
  /** Database and clocks. */
  readonly common: readonly Finding[];
  /** By the URL of the bucket; with a stream, if the bucket is used in several ways. */
  readonly buckets: ReadonlyMap<string, readonly Finding[]>;
  readonly streams: readonly StreamFindings[];
}

/** What the streams share, once it has been checked. */
interface Checked {
  readonly buckets: ReadonlyMap<OpenedObjectStore, Findings>;
  /** Whether the database can be used. */
  readonly hasDatabase: boolean;
}

/** Checks several streams: the database and each bucket once, then each stream. */
export async function examineStreams(options: ExamineStreamsOptions): Promise<SharedFindings> {
  const { jobs, url, clock, services, clocks } = options;
  const common = new Findings();
  const buckets = new Map<OpenedObjectStore, Findings>();
  const users = new Map<OpenedObjectStore, StreamJob>();
  for (const job of jobs) {
    const store = await services.store(job);
    buckets.set(store, new Findings());
    if (!users.has(store)) users.set(store, job);
  }
  const [first] = jobs as [StreamJob, ...StreamJob[]];
  const place = { url, client: first.client, stream: first.config.name, clock };
  const [knowledge] = await Promise.all([
    checkDatabase(place, common),
    ...[...buckets].map(([store, findings]) =>
      checkBucket(store, users.get(store)!.settings, findings)
    ),
  ]);
  const checked: Checked = { buckets, hasDatabase: knowledge !== undefined };
  const streams = await inTurns(jobs, (job) => examineOne(job, options, checked));
  clocks.check(common);
  const named = new Map<string, readonly Finding[]>();
  for (const [store, { list }] of buckets) {
    // Streams may use one bucket with different settings.
    const isTaken = named.has(store.url);
    const name = users.get(store)!.config.logicalName;
    named.set(isTaken ? `${store.url} as ${name} uses it` : store.url, list);
  }
  return { common: common.list, buckets: named, streams };
}

/** Checks one stream, and what the database and the bucket have of it. */
async function examineOne(
  job: StreamJob,
  { url, clock, services }: ExamineStreamsOptions,
  { buckets, hasDatabase }: Checked,
): Promise<StreamFindings> {
  const findings = new Findings();
  const { client, config: { name: stream } } = job;
  const [kinesis, store] = [await services.kinesis(job.config), await services.store(job)];
  const description = await checkStream(kinesis, stream, findings);
  const knowledge = hasDatabase
    ? await readKnowledge({ url, client, stream, clock }, findings)
    : undefined;
  if (knowledge !== undefined) {
    const isUsable = buckets.get(store)!.list.every(({ level }) => level === "ok");
    const place = { url, client, kinesis, store, clock, description, isUsable };
    await checkRecorded(place, knowledge, findings);
  }
  return { job, findings: findings.list };
}

/** Does something for each item, for a few at once; the results are in the order of the items. */
async function inTurns<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const entries = items.entries();
  const work = async () => {
    for (const [index, item] of entries) results[index] = await act(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}
