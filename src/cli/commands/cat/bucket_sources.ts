import type { FileBuffer } from "../../../archive/file_buffer.ts";
import type { ObjectStore, OpenedObjectStore } from "../../../objects/mod.ts";
import { type ArchiveOptions, checkDays } from "../../options/archive.ts";
import type { CliContext } from "../../cli_context.ts";
import { settingsOfStream } from "../../options/bucket_flags.ts";
import { bucketOf } from "../../options/options.ts";
import { bucketOfStream, requireBucket, streamConfig } from "../../options/stream_config.ts";
import { countArchives } from "../../archive_totals.ts";
import { UsageError } from "../../options/usage_error.ts";
import type { CatSource } from "./file_sources.ts";

/** Enough for 30 ms of latency at several times the speed of `cat`; more only uses memory. */
const PREFETCH_BYTES = 8 << 20;

/** Yields the archives of a stream in a bucket, or those whose keys were passed. */
export async function* bucketSources(
  options: Partial<ArchiveOptions>,
  context: CliContext,
): AsyncGenerator<CatSource> {
  const { stream, startDate, keysFrom } = options;
  if (stream === undefined && keysFrom === undefined) {
    throw new UsageError("Cannot cat: pass a --stream, --keys-from or .tri files");
  }
  if (stream !== undefined) requireBucket(options);
  if (startDate === undefined && keysFrom === undefined) {
    throw new UsageError("Cannot cat: pass --start-date YYYYMMDD or --keys-from");
  }
  checkDays(options);
  const { store: opened, stream: name } = await openBucket(options, context);
  await using store = opened;
  for await (const file of await filesIn(store, name, options, context)) {
    yield { name: file.entry.key, pieces: file.pieces({ reuse: true }), isArgument: false };
  }
}

/** Bytes of the archives that {@linkcode bucketSources} yields; undefined if their keys were passed. */
export async function bucketBytes(
  options: Partial<ArchiveOptions>,
  context: CliContext,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (options.keysFrom !== undefined) return undefined;
  const { store: opened, stream } = await openBucket(options, context);
  await using store = opened;
  const { startDate: from, endDate: to = from, clientName: client, part } = options;
  const selection = { stream: stream!, from, to, client, part, clock: context.clock };
  return (await countArchives(store, selection, signal)).bytes;
}

/** Opens the bucket; the stream is undefined if only keys were passed. */
async function openBucket(
  options: Partial<ArchiveOptions>,
  context: CliContext,
): Promise<{ readonly store: OpenedObjectStore; readonly stream: string | undefined }> {
  const { stream } = options;
  // A key says of which stream it is, so no configuration is needed to read it.
  const config = stream === undefined
    ? undefined
    : await streamConfig({ config: options.config, stream }, context);
  const bucket = config === undefined ? bucketOf(options) : bucketOfStream(options, config);
  const { openObjectStore } = await import("../../../objects/open_object_store.ts");
  const store = await openObjectStore(bucket, {
    region: config?.region,
    ...settingsOfStream(options, config?.archive),
  });
  return { store, stream: config?.name };
}

async function filesIn(
  store: ObjectStore,
  stream: string | undefined,
  options: Partial<ArchiveOptions>,
  context: CliContext,
): Promise<AsyncGenerator<FileBuffer>> {
  const { startDate: from, endDate: to, clientName: client, part, keysFrom } = options;
  const { clock } = context;
  const reading = { clock, prefetchBytes: PREFETCH_BYTES, signal: new AbortController().signal };
  const { archiveFiles, filesOf } = await import("../../../archive/archive_files.ts");
  if (keysFrom === undefined) {
    // Both are there: see above.
    const selection = { stream: stream!, from: from!, to: to ?? from!, client, part };
    return archiveFiles(store, { ...selection, ...reading });
  }
  const { archivesFrom } = await import("../../options/keys_from.ts");
  const selection = { stream, from, to, client, part };
  return filesOf(
    store,
    (retrying) => archivesFrom(keysFrom, retrying, selection, context),
    reading,
  );
}
