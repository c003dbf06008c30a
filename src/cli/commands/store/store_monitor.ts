import { type Command, InvalidArgumentError, Option } from "commander";
import type { Archiver, ArchiverMonitor } from "../../../archiver/mod.ts";
import type { ListenAddress } from "../../../base/listen_address.ts";
import type { StoreStatus } from "../../../monitor/mod.ts";
import { VERSION } from "../../../base/version.ts";
import type { CliContext } from "../../cli_context.ts";
import { listenOption, parseDuration } from "../../options/options.ts";
import { redact } from "../../text/redact.ts";
import type { GroupWatch } from "./watch_groups.ts";

/** How long an upload may take after the rotation before `/healthz` fails. */
const UPLOAD_ALLOWANCE_MS = 15 * 60_000;

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

/** What is archived. */
export interface WatchedStore extends MonitorOptions {
  readonly checkpointDb: string;
  readonly stream: string;
  readonly client: string;
  readonly rotate: number;
  readonly lease: number;
}

/** Watches a store. */
export interface StoreMonitor extends AsyncDisposable {
  /** Counts the archiver's work. */
  readonly monitor: ArchiverMonitor;
  /** Whose status is shown, once it exists. */
  archiver?: Archiver;
}

/**
 * Starts to monitor a store, even before its database responds, and to serve and send the metrics if
 * the options say so.
 *
 * @throws {TritonError} If the address cannot be listened on.
 */
export async function openStoreMonitor(
  store: WatchedStore,
  { clock, env }: CliContext,
): Promise<StoreMonitor> {
  const [
    { ArchiverMonitor },
    { MetricRegistry, MonitorServer, needsExporter, OtlpExporter, processObservations },
  ] = await Promise.all([import("../../../archiver/mod.ts"), import("../../../monitor/mod.ts")]);
  const { stream, client, listen, allowedHosts } = store;
  const registry = new MetricRegistry();
  const monitor = new ArchiverMonitor({ stream, client, clock, meter: registry });
  const startedAt = new Date(clock.now());
  const unobserve = monitor.observe(() => processObservations(startedAt, VERSION));
  const watched: { archiver?: Archiver; groups?: GroupWatch } = {};
  const status = (): StoreStatus => ({
    ...{ stream, client, startedAt, version: VERSION },
    at: new Date(clock.now()),
    state: "starting",
    ...withoutSecrets({ ...watched.archiver?.status(), ...seen(monitor) }, env),
    consumerGroups: watched.groups?.status,
  });
  const limits = {
    unhealthyAfterMs: store.unhealthyAfter ?? store.rotate + UPLOAD_ALLOWANCE_MS,
    minHeadroomMs: store.unhealthyHeadroom,
    leaseMs: store.lease,
  };
  const server = listen === undefined ? undefined : new MonitorServer({
    address: listen,
    ...{ allowedHosts, status, registry, limits, clock },
  });
  if (server !== undefined) {
    const { GroupWatch } = await import("./watch_groups.ts");
    watched.groups = new GroupWatch(store, { clock, env });
  }
  const exporter = needsExporter(env) ? new OtlpExporter({ env, registry, clock }) : undefined;
  return Object.assign(watched, {
    monitor,
    async [Symbol.asyncDispose]() {
      await Promise.all(
        [exporter, server, watched.groups].map((watching) => watching?.[Symbol.asyncDispose]()),
      );
      unobserve();
    },
  });
}

function seen({ services, recentErrors }: ArchiverMonitor) {
  return { services, recentErrors };
}

/** Masks secrets in the messages of services, which may contain anything. */
function withoutSecrets<T extends Pick<StoreStatus, "services" | "recentErrors" | "shards">>(
  status: T,
  env: CliContext["env"],
): T {
  const { services, recentErrors, shards } = status;
  const masked = Object.entries(services).map(([name, service]) => {
    const { error } = service;
    return [name, error === undefined ? service : { ...service, error: redact(error, env) }];
  });
  return {
    ...status,
    shards: shards?.map((shard) =>
      shard.error === undefined ? shard : { ...shard, error: redact(shard.error, env) }
    ),
    services: Object.fromEntries(masked),
    recentErrors: recentErrors.map((error) => ({ ...error, message: redact(error.message, env) })),
  };
}
