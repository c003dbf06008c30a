import type { Clock } from "../../../base/clock.ts";
import type { ClientGroup } from "../../../ledger/groups/read_groups.ts";
import type { Ledgers } from "../../../ledger/many/ledgers.ts";
import type { GroupsStatus, GroupStatus } from "../../../monitor/mod.ts";
import type { CliContext } from "../../cli_context.ts";
import { GROUPS_UNREADABLE, memberRows } from "../../text/group_text.ts";
import { redact } from "../../text/redact.ts";

/** Time between two reads of the groups, in milliseconds. */
const INTERVAL_MS = 15_000;

/** Time between two looks whether the database is open, in milliseconds. */
const OPENING_MS = 1_000;

/** Where groups are read. */
export interface WatchedGroups {
  /** The database, once it is open. */
  ledgers?: Pick<Ledgers, "readGroups">;
  /** The names of the streams, as Kinesis knows them. */
  readonly streams: readonly string[];
}

/**
 * Reads the consumer groups of all streams now and then, for the status page. Nothing waits for it: while
 * the database does not respond, the groups are those that were read last.
 */
export class GroupWatch implements AsyncDisposable {
  readonly #where: WatchedGroups;
  readonly #env: CliContext["env"];
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #status: Omit<GroupsStatus, "groups"> | undefined;
  #groups: ReadonlyMap<string, readonly GroupStatus[]> = new Map();

  constructor(where: WatchedGroups, { clock, env }: Pick<CliContext, "clock" | "env">) {
    this.#where = where;
    this.#env = env;
    this.#clock = clock;
    this.#running = this.#run();
  }

  /** The groups of a stream as they were read last. Undefined before the first attempt has ended. */
  of(stream: string): GroupsStatus | undefined {
    return this.#status && { ...this.#status, groups: this.#groups.get(stream) ?? [] };
  }

  /** Stops reading, without waiting for a read that has begun. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const over = new AbortController();
      // Not one promise for all reads, which would keep something of each.
      const stopped = new Promise<void>((resolve) =>
        signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal })
      );
      await Promise.race([this.#read(), stopped]);
      over.abort();
      const isOpen = this.#where.ledgers !== undefined;
      await this.#clock.sleep(isOpen ? INTERVAL_MS : OPENING_MS, signal).catch(() => {});
    }
  }

  async #read(): Promise<void> {
    const { ledgers, streams } = this.#where;
    if (ledgers === undefined || streams.length === 0) return;
    try {
      const groups = await ledgers.readGroups(streams);
      const error = groups === undefined ? GROUPS_UNREADABLE : undefined;
      this.#status = { readAt: new Date(this.#clock.now()), error };
      this.#groups = byStream(groups ?? [], this.#env);
    } catch (error) {
      const reason = redact(error instanceof Error ? error.message : String(error), this.#env);
      this.#status = { readAt: this.#status?.readAt, error: reason };
    }
  }
}

function byStream(
  groups: readonly ClientGroup[],
  env: CliContext["env"],
): Map<string, GroupStatus[]> {
  const all = Map.groupBy(groups, ({ stream }) => stream);
  return new Map([...all].map(([stream, groups]) => [stream, statusOf(groups, env)]));
}

function statusOf(groups: readonly ClientGroup[], env: CliContext["env"]): GroupStatus[] {
  return groups.map((group) => {
    const open = group.shards.filter(({ state }) => state === "open");
    return {
      client: group.client,
      members: memberRows([group], env).map(({ worker, isAlive, shards, lastError }) => (
        { worker, isAlive, shards, lastError }
      )),
      shards: open.map(({ shardId, owner, epoch, position, knownAt }) => (
        { shardId, owner, epoch, position, savedAt: position && knownAt }
      )),
      endedShards: group.shards.length - open.length,
    };
  });
}
