/**
 * Bugs on purpose: each breaks one rule of many streams in one process, by replacing a method of the
 * program until it is disposed of.
 *
 * @module
 */

import { ArchiveWriter } from "../../../src/archiver/files/archive_writer.ts";
import { SharedMemory } from "../../../src/archiver/shared/shared_memory.ts";
import { type Upload, UploadSlots } from "../../../src/archiver/shared/upload_slots.ts";
import { WorkerLeases } from "../../../src/shards/worker_leases.ts";

/** Breaks a rule, until it is disposed of. */
export type StreamsPlant = () => Disposable;

/** Each planted bug by its name. */
export const STREAMS_PLANTS: Readonly<Record<string, StreamsPlant>> = {
  /** Memory: whoever needs it waits, and sees to nothing. */
  "waiting in a circle": replaced(SharedMemory.prototype, {
    admits(this: SharedMemory) {
      return this.buffered < this.limit;
    },
  }),

  /** Memory: nobody waits for it. */
  "no limit of memory": replaced(SharedMemory.prototype, { admits: () => true }),

  /** Memory: the largest open file is not closed when memory is needed. */
  "no file is closed": replaced(ArchiveWriter.prototype, { closeOpen() {} }),

  /** Memory: a stream that failed does not free what it had. */
  "memory of a failed stream kept": replaced(ArchiveWriter.prototype, { leave() {} }),

  /** Uploads: a slot is held also in the pause after a failed attempt. */
  "slot held in pauses": holdSlots(),

  /** Memory: a failing upload counts as one that soon frees memory. */
  "failing upload waited for": replacedGetter(
    ArchiveWriter.prototype,
    "uploading",
    (uploading) => uploading === "failing" ? "well" : uploading,
  ),

  /** Leases: the shards of each stream are balanced for themselves. */
  "plan per stream": replacedGetter(WorkerLeases.prototype, "workers", (workers, { stream }) =>
    // Streams whose workers have the same text are balanced together.
    Object.assign([...workers], { toJSON: () => stream })),
};

/** The planted bug of a name. */
export function streamsPlantOf(name: string): StreamsPlant {
  const plant = STREAMS_PLANTS[name];
  if (plant !== undefined) return plant;
  const names = Object.keys(STREAMS_PLANTS).join(", ");
  throw new RangeError(`No planted bug "${name}" of many streams; there are: ${names}`);
}

/** Replaces methods of a class. */
function replaced<T extends object>(prototype: T, methods: Partial<T>): StreamsPlant {
  return () => {
    const before = Object.keys(methods).map((name) =>
      [name, Reflect.getOwnPropertyDescriptor(prototype, name)!] as const
    );
    for (const [name, descriptor] of before) {
      const value: unknown = Reflect.get(methods, name);
      Reflect.defineProperty(prototype, name, { ...descriptor, value });
    }
    return {
      [Symbol.dispose]() {
        for (const [name, descriptor] of before) {
          Reflect.defineProperty(prototype, name, descriptor);
        }
      },
    };
  };
}

/** Changes what a getter of a class returns. */
function replacedGetter<T extends object, K extends keyof T & string>(
  prototype: T,
  name: K,
  change: (value: T[K], of: T) => T[K],
): StreamsPlant {
  const before = Reflect.getOwnPropertyDescriptor(prototype, name)!;
  return () => {
    Reflect.defineProperty(prototype, name, {
      ...before,
      get(this: T) {
        return change(before.get!.call(this), this);
      },
    });
    return { [Symbol.dispose]: () => void Reflect.defineProperty(prototype, name, before) };
  };
}

/** Keeps the slot of a failed attempt until the next attempt of the file. */
function holdSlots(): StreamsPlant {
  const { during } = UploadSlots.prototype;
  return () => {
    const held = new Map<string, () => void>();
    return replaced(UploadSlots.prototype, {
      during<T>(this: UploadSlots, upload: Upload, attempt: () => Promise<T>): Promise<T> {
        const file = `${upload.store} ${upload.openedAt}`;
        held.get(file)?.();
        const { promise, resolve, reject } = Promise.withResolvers<T>();
        during.call(this, upload, async () => {
          try {
            resolve(await attempt());
          } catch (error) {
            const pause = new Promise<void>((go) => held.set(file, go));
            reject(error);
            await pause;
          }
        });
        return promise;
      },
    })();
  };
}
