import { TritonError } from "../../base/errors.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import { batchKey, logPrefix, markerKey, parseLogKey } from "./output_keys.ts";

/**
 * The outputs of one archive as of one input. An archive that has changed gets a new generation, and
 * only the newest one counts: until it is done, the archive is not.
 */
export interface Generation {
  /** From 1; 0 if there is none. */
  readonly number: number;
  /** Number of batches of outputs. */
  readonly batches: number;
  readonly isDone: boolean;
}

/** What there is of an archive that has no log. */
export const NO_GENERATION: Generation = { number: 0, batches: 0, isDone: false };

/** Outputs of a generation; in the log before any of them is put. */
interface Batch {
  /** Key of the archive. */
  readonly input: string;
  /** Its SHA-256, in hexadecimal. */
  readonly sha256: string;
  /** In the first batch: keys of outputs that earlier generations may have put. */
  readonly earlier: readonly string[];
  /** Keys of outputs. */
  readonly outputs: readonly string[];
}

/** Finds the newest generation of each archive, by how keys of its log begin. */
export function newestGenerations(keys: Iterable<string>): Map<string, Generation> {
  const newest = new Map<string, Generation>();
  for (const key of keys) {
    const parsed = parseLogKey(key);
    if (parsed === undefined) continue;
    const { prefix, generation: number, batch } = parsed;
    const known = newest.get(prefix) ?? NO_GENERATION;
    if (number < known.number) continue;
    const { batches, isDone } = number > known.number ? NO_GENERATION : known;
    newest.set(prefix, {
      number,
      batches: Math.max(batches, batch ?? 0),
      isDone: isDone || batch === undefined,
    });
  }
  return newest;
}

/** Reads of which input a generation is: its SHA-256. */
export async function readInputOf(
  store: ObjectStore,
  entry: ArchiveEntry,
  { number }: Generation,
): Promise<string> {
  return (await readBatch(store, batchKey(entry, number, 1))).sha256;
}

async function readBatch(store: ObjectStore, key: string): Promise<Batch> {
  const text = new TextDecoder().decode(await (await store.get(key)).bytes());
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TritonError(`Cannot read "${key}" of ${store.url}: it is not JSON`, { cause });
  }
}

/**
 * Says which outputs an archive gets before they are put, so that a later export knows all that may be
 * there, whatever was killed: objects of the log are put only if they do not exist, and never change.
 */
export class ExportLog {
  readonly #store: ObjectStore;
  readonly #entry: ArchiveEntry;
  readonly #known: Generation;
  #sha256 = "";
  #number = 0;
  #batch = 0;
  #earlier: ReadonlySet<string> = new Set();

  /** @param known The newest generation, as of some listing. */
  constructor(store: ObjectStore, entry: ArchiveEntry, known: Generation) {
    this.#store = store;
    this.#entry = entry;
    this.#known = known;
  }

  /** Whether the archive has a log, by now. */
  get isNeeded(): boolean {
    return this.#known.number + this.#number > 0;
  }

  /** Keys of all outputs that exports of the archive may have put before. */
  get earlier(): ReadonlySet<string> {
    return this.#earlier;
  }

  /** Says which outputs come next, and of which input they are. */
  async announce(outputs: readonly string[], sha256: string): Promise<void> {
    this.#sha256 = sha256;
    if (this.#number === 0) return await this.#open(outputs);
    const key = batchKey(this.#entry, this.#number, ++this.#batch);
    await this.#put(key, this.#batchOf(outputs, []));
  }

  /**
   * Says that all outputs are there.
   *
   * @returns Whether this exporter did so, and not another one.
   * @throws {TritonError} If another exporter has begun with another input meanwhile.
   */
  async close(marker: {
    readonly rows: number;
    readonly outputs: readonly string[];
  }): Promise<boolean> {
    await this.check(marker.outputs);
    const body = { input: this.#entry.key, sha256: this.#sha256, ...marker };
    return await this.#put(markerKey(this.#entry, this.#number), body);
  }

  /**
   * Checks that no other exporter has begun with another input.
   *
   * @param outputs Keys of the outputs that this exporter may have put.
   * @throws {TritonError} If one has: the next export puts all of them again.
   */
  async check(outputs: readonly string[]): Promise<void> {
    const { number } = await this.#newest();
    if (number <= this.#number) return;
    await this.invalidate(outputs);
    throw new TritonError(
      `Cannot export "${this.#entry.key}": it has changed, and another exporter exported it, too; ` +
        "run the export again",
    );
  }

  /** Says that outputs may have rows of several inputs: the next export puts all of them again. */
  async invalidate(outputs: readonly string[]): Promise<void> {
    for (;;) {
      const newest = await this.#newest();
      const earlier = await this.#outputsOf(newest);
      const key = batchKey(this.#entry, newest.number + 1, 1);
      if (await this.#put(key, this.#batchOf(outputs, earlier))) return;
    }
  }

  /** Opens a generation, or joins one that another exporter of the same input has opened. */
  async #open(outputs: readonly string[]): Promise<void> {
    for (let newest = this.#known;; newest = await this.#newest()) {
      const earlier = await this.#outputsOf(newest);
      this.#earlier = new Set(earlier);
      const isSame = newest.number > 0 &&
        await readInputOf(this.#store, this.#entry, newest) === this.#sha256;
      const number = newest.number + (isSame ? 0 : 1);
      const key = batchKey(this.#entry, number, 1);
      if (isSame || await this.#put(key, this.#batchOf(outputs, earlier))) {
        [this.#number, this.#batch] = [number, 1];
        return;
      }
    }
  }

  #batchOf(outputs: readonly string[], earlier: readonly string[]): Batch {
    return { input: this.#entry.key, sha256: this.#sha256, earlier, outputs };
  }

  async #newest(): Promise<Generation> {
    const keys: string[] = [];
    const prefix = logPrefix(this.#entry);
    for await (const { key } of this.#store.list(prefix)) keys.push(key);
    return newestGenerations(keys).get(prefix) ?? NO_GENERATION;
  }

  /** Keys of all outputs of a generation and of those before it. */
  async #outputsOf({ number, batches }: Generation): Promise<readonly string[]> {
    const outputs = new Set<string>();
    for (let batch = 1; batch <= batches; batch++) {
      const read = await readBatch(this.#store, batchKey(this.#entry, number, batch));
      for (const key of [...read.earlier, ...read.outputs]) outputs.add(key);
    }
    return [...outputs].sort();
  }

  async #put(key: string, value: object): Promise<boolean> {
    const body = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
    return await this.#store.put(key, body, { ifAbsent: true }) === "created";
  }
}
