import { type ArchiveOptions, checkDays } from "../../options/archive.ts";
import type { CliContext } from "../../cli_context.ts";
import { bucketOfStream, requireBucket, streamConfig } from "../../options/stream_config.ts";
import { UsageError } from "../../options/usage_error.ts";
import type { CatSource } from "./file_sources.ts";

/** Enough for 30 ms of latency at several times the speed of `cat`; more only uses memory. */
const PREFETCH_BYTES = 8 << 20;

/** Yields the archives of a stream in a bucket. */
export async function* bucketSources(
  options: Partial<ArchiveOptions>,
  context: CliContext,
): AsyncGenerator<CatSource> {
  const { stream, startDate } = options;
  if (stream === undefined) throw new UsageError("Cannot cat: pass a --stream or .tri files");
  requireBucket(options);
  if (startDate === undefined) throw new UsageError("Cannot cat: pass --start-date YYYYMMDD");
  checkDays(options);
  const config = await streamConfig({ config: options.config, stream }, context);
  const [{ openObjectStore }, { archiveFiles }] = await Promise.all([
    import("../../../objects/open_object_store.ts"),
    import("../../../archive/archive_files.ts"),
  ]);
  const bucket = bucketOfStream(options, config);
  await using store = await openObjectStore(bucket, { region: config.region });
  const files = archiveFiles(store, {
    stream: config.name,
    from: startDate,
    to: options.endDate ?? startDate,
    client: options.clientName,
    clock: context.clock,
    prefetchBytes: PREFETCH_BYTES,
    signal: new AbortController().signal,
  });
  for await (const file of files) {
    const { key: name, size: bytesAhead } = file.entry;
    yield { name, pieces: file.pieces({ reuse: true }), bytesAhead, isArgument: false };
  }
}
