import { type Command, InvalidArgumentError, Option } from "commander";
import type { ListenAddress } from "../../../base/listen_address.ts";
import type { StreamKey } from "../../../monitor/mod.ts";
import type { CliContext } from "../../cli_context.ts";
import { listenOption, parseDuration } from "../../options/options.ts";
import type { StoreWatch } from "./store_watch.ts";

/** The options of {@linkcode addMonitorOptions}. */
export interface MonitorOptions {
  readonly listen?: ListenAddress;
  readonly allowedHosts?: readonly string[];
  readonly unhealthyAfter?: number;
  readonly unhealthyHeadroom: number;
}

/** Adds the options for monitoring a store. */
export function addMonitorOptions(command: Command): Command {
  return command
    .addOption(
      listenOption(
        "serve status and metrics at this address, such as 127.0.0.1:9464 or :9464 (the same)",
      ),
    )
    .option(
      "--allowed-hosts <names>",
      "more host names that --listen responds to (comma-separated)",
      parseHosts,
    )
    .option(
      "--unhealthy-after <duration>",
      "/healthz returns 503 when a record waits for longer (default: --rotate plus 15m)",
      parseDuration,
    )
    .addOption(
      new Option(
        "--unhealthy-headroom <duration>",
        "/healthz returns 503 when the stream drops a waiting record in less than this",
      ).argParser(parseDuration).default(parseDuration("6h"), "6h"),
    );
}

function parseHosts(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (!names.every((name) => /^[a-zA-Z0-9._-]+$/.test(name))) {
    throw new InvalidArgumentError("Use host names without ports, separated by commas.");
  }
  return names;
}

/** What is watched of a store, and how. */
export interface WatchedStore extends MonitorOptions {
  /** How long leases last, in milliseconds. */
  readonly lease: number;
  /** URL of the database. */
  readonly checkpointDb: string;
}

/** Watches a store, until it is disposed. */
export type StoreMonitor = StoreWatch & AsyncDisposable;

/**
 * Starts to monitor a store, even before its database responds, and to serve and send the metrics if
 * the options say so. Streams are added as they become known.
 *
 * @throws {TritonError} If the address cannot be listened on.
 */
export async function openStoreMonitor(
  store: WatchedStore,
  { clock, env }: CliContext,
): Promise<StoreMonitor> {
  const [
    { ArchiverMonitor },
    { MetricRegistry, MonitorServer, needsExporter, observeProcess, OtlpExporter },
    { StoreWatch },
    { MapPages },
  ] = await Promise.all([
    import("../../../archiver/mod.ts"),
    import("../../../monitor/mod.ts"),
    import("./store_watch.ts"),
    import("./map_pages.ts"),
  ]);
  const { listen, allowedHosts, lease: leaseMs } = store;
  const registry = new MetricRegistry();
  const monitorOf = (stream: StreamKey) =>
    new ArchiverMonitor({ ...stream, clock, meter: registry });
  const watch = new StoreWatch({ clock, env, monitorOf });
  const unobserve = observeProcess(watch.startedAt, registry);
  const limits = {
    unhealthyAfterMs: store.unhealthyAfter,
    minHeadroomMs: store.unhealthyHeadroom,
    leaseMs,
  };
  const maps = new MapPages({
    ...{ clock, env, database: store.checkpointDb },
    placeOf: (stream) => watch.archiveOf(stream),
  });
  const server = listen === undefined ? undefined : new MonitorServer({
    address: listen,
    ...{ allowedHosts, status: () => watch.status(), registry, limits, clock, map: maps.draw },
  });
  if (server !== undefined) {
    const { GroupWatch } = await import("./watch_groups.ts");
    watch.groups = new GroupWatch(watch, { clock, env });
  }
  const exporter = needsExporter(env) ? new OtlpExporter({ env, registry, clock }) : undefined;
  return Object.assign(watch, {
    async [Symbol.asyncDispose]() {
      await Promise.all(
        [exporter, server, watch.groups, maps].map((watching) => watching?.[Symbol.asyncDispose]()),
      );
      unobserve();
    },
  });
}
