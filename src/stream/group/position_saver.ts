import { type Clock, monotonicNow, pause } from "../../base/clock.ts";
import { Notifier } from "../../base/notifier.ts";
import type { GroupMove, GroupTable } from "../../shards/group/group_table.ts";
import type { PartWatch } from "../watch/part_watch.ts";
import type { HeldShard } from "./held_shard.ts";

/** Positions are saved after so many records, and after so much time. */
const EVERY = 1_000;
const INTERVAL_MS = 1_000;

/** What a {@linkcode PositionSaver} works with. */
export interface PositionSaverParts {
  readonly table: GroupTable;
  readonly worker: string;
  readonly clock: Clock;
  /** The shards that the member holds. */
  readonly shards: () => Iterable<HeldShard>;
  /** Retries a request to the table. */
  readonly ask: <R>(request: () => Promise<R>) => Promise<R>;
  /** Called for each shard that is lost. */
  readonly lose: (shard: HeldShard) => void;
  /** Is told how long a save takes. */
  readonly watch: PartWatch;
}

/** Saves the positions of a member: those of several shards in one transaction, one after the other. */
export class PositionSaver {
  readonly #parts: PositionSaverParts;
  readonly #moved = new Notifier();
  /** How many records were processed since the last save. */
  #unsaved = 0;
  #saving: Promise<void> = Promise.resolve();
  #savedAt: Date | undefined;
  /** Shards of the next save, which has not begun. */
  #next: { readonly shards: Set<HeldShard>; readonly done: Promise<void> } | undefined;

  constructor(parts: PositionSaverParts) {
    this.#parts = parts;
  }

  /** When positions were saved last; undefined if they never were. */
  get savedAt(): Date | undefined {
    return this.#savedAt;
  }

  /** Notes that a record was processed. */
  count(): void {
    if (this.#unsaved++ === 0) this.#moved.notify();
  }

  /** Whether so many records were processed that the next one waits for a save. */
  get isDue(): boolean {
    return this.#unsaved >= EVERY;
  }

  /** Saves what was processed, a second after the first unsaved record, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#unsaved === 0) await this.#moved.wait(signal);
      else if (await pause(this.#parts.clock, INTERVAL_MS, signal)) await this.saveAll();
    }
  }

  /** Saves the positions of all shards. */
  saveAll(): Promise<void> {
    this.#unsaved = 0;
    return this.save(this.#parts.shards());
  }

  /** Saves the positions of some shards, together with others that wait for the save before. */
  save(shards: Iterable<HeldShard>): Promise<void> {
    if (this.#next === undefined) {
      const waiting = new Set<HeldShard>();
      const done = this.#saving.catch(() => {}).then(() => {
        this.#next = undefined;
        return this.#write(waiting);
      });
      this.#next = { shards: waiting, done };
      this.#saving = done;
    }
    const { shards: waiting, done } = this.#next;
    for (const shard of shards) waiting.add(shard);
    return done;
  }

  async #write(shards: Iterable<HeldShard>): Promise<void> {
    const { table, worker, clock, ask, lose, watch } = this.#parts;
    const moving = new Map([...shards].flatMap((shard) => {
      const move = moveOf(shard);
      return move === undefined ? [] : [[shard, move] as const];
    }));
    if (moving.size === 0) return;
    const moves = [...moving.values()];
    const startedAt = monotonicNow(clock);
    const lost = new Set(await ask(() => table.save(worker, moves)));
    watch.took("triton.reader.checkpoint.duration", monotonicNow(clock) - startedAt);
    this.#savedAt = new Date(clock.now());
    for (const [shard, { shardId, last }] of moving) {
      if (lost.has(shardId)) lose(shard);
      else shard.saved = last;
    }
  }
}

function moveOf({ shardId, lease: { epoch }, saved, processed, isOver }: HeldShard) {
  if (isOver || processed === undefined || processed === saved) return undefined;
  return { shardId, epoch, previous: saved, last: processed } satisfies GroupMove;
}
