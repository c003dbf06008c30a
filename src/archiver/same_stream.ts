import { CheckpointError } from "../base/errors.ts";
import { retryService } from "../base/retry.ts";
import type { Clock } from "../base/clock.ts";
import type { KinesisApi } from "../kinesis/kinesis_api.ts";
import type { ArchiveLedger } from "../ledger/archive_ledger.ts";
import type { StreamShards } from "../shards/stream_shards.ts";

/** How long a file may wait for Kinesis' answer: an outage must not keep it from the archive. */
const ANSWER_MS = 5_000;

/** Whom {@linkcode findRecreation} asks. */
export interface RecreationServices {
  /** The stream. */
  readonly kinesis: Pick<KinesisApi, "describeStream">;
  /** What is known of it. */
  readonly ledger: Pick<ArchiveLedger, "stream" | "identify">;
  /** Source of time. */
  readonly clock: Clock;
}

/** A stream that was deleted and created again under its name. */
export interface Recreation {
  /** What the worker ends with. */
  readonly error: CheckpointError;
  /** When it was created: what arrived before is of the stream that the ledger knows. */
  readonly createdAt: Date;
}

/**
 * Finds out whether the stream is another one than the ledger's by now.
 *
 * Streams are identified when shards are listed, once a minute. What is read in between may be of
 * another stream of the same name, so each file is checked after its last record was read.
 *
 * @returns Undefined if it is the same, or Kinesis does not answer within a few seconds.
 */
export async function findRecreation(
  services: RecreationServices,
  known: Pick<StreamShards, "createdAt">,
): Promise<Recreation | undefined> {
  const { ledger, clock } = services;
  const createdAt = await createdAtOf(services);
  if (createdAt === undefined || createdAt.getTime() === known.createdAt?.getTime()) {
    return undefined;
  }
  try {
    await retryService("ledger", { clock }, () => ledger.identify(createdAt));
    return undefined;
  } catch (error) {
    if (!(error instanceof CheckpointError && error.code === "StreamRecreated")) throw error;
    return { error, createdAt };
  }
}

/** Asks once, for a limited time. */
async function createdAtOf(
  { kinesis, ledger, clock }: RecreationServices,
): Promise<Date | undefined> {
  const timeout = new AbortController();
  const [asking, waiting] = [new AbortController(), clock.sleep(ANSWER_MS, timeout.signal)];
  const options = { signal: asking.signal };
  try {
    return await Promise.race([
      kinesis.describeStream(ledger.stream, options).then(({ createdAt }) => createdAt),
      waiting.then(() => undefined),
    ]);
  } catch {
    return undefined; // the stream may be gone, and what was read of it is archived all the same
  } finally {
    waiting.catch(() => {});
    timeout.abort();
    asking.abort();
  }
}
