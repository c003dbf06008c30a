import { deepEqual, equal } from "node:assert/strict";
import { type MemoryUser, SharedMemory } from "../../../src/archiver/shared/shared_memory.ts";

/** A stream that has so many bytes in its open file and in closed ones. */
class Stream implements MemoryUser {
  open = 0;
  closed = 0;
  isFailing = false;
  /** What of the closed ones cannot be dropped. */
  intended = 0;
  readonly #memory: SharedMemory;

  constructor(memory: SharedMemory, options: Partial<Stream> = {}) {
    Object.assign(this, options);
    this.#memory = memory;
    memory.join(this);
  }

  get buffered(): number {
    return this.open + this.closed;
  }

  get uploading() {
    if (this.closed === 0) return "nothing";
    return this.isFailing ? "failing" : "well";
  }

  closeOpen(): void {
    this.closed += this.open;
    this.open = 0;
  }

  keep(bytes: number): void {
    this.open = 0;
    this.closed = Math.max(this.intended, Math.min(this.closed, bytes));
  }

  /** Archives all closed files. */
  archive(): void {
    this.closed = this.intended = 0;
    this.isFailing = false;
    this.#memory.archived(this);
  }

  /** What it has: in the open file, and in closed ones. */
  get has(): readonly number[] {
    return [this.open, this.closed];
  }

  /** Waits for memory; tells whether it has come. */
  wait(): { readonly passed: boolean } {
    const waiting = { passed: false };
    this.#memory.room(this, new AbortController().signal).then(() => waiting.passed = true);
    return waiting;
  }
}

/** Memory with so many bytes for files. */
const memoryOf = (bytes: number) => new SharedMemory({ maxMemory: bytes / 3 * 4 });

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

Deno.test("SharedMemory closes the largest open file, and waits for its upload", async () => {
  const memory = memoryOf(100);
  const [small, large, needy] = [10, 60, 40].map((open) => new Stream(memory, { open }));
  const waiting = needy!.wait();
  await settled();
  deepEqual([small!.has, large!.has, needy!.has], [[10, 0], [0, 60], [40, 0]]);
  equal(waiting.passed, false);
  large!.archive();
  await settled();
  equal(waiting.passed, true);
});

Deno.test("SharedMemory closes no file while enough is on its way to the archive", () => {
  const memory = memoryOf(100);
  const stream = new Stream(memory, { open: 70, closed: 30 });
  equal(memory.admits(stream), false);
  deepEqual(stream.has, [70, 30]);
  stream.open = 80;
  equal(memory.admits(stream), false);
  deepEqual(stream.has, [0, 110]);
});

Deno.test("SharedMemory waits for an upload if no file is open, and passes if none runs", async () => {
  const memory = memoryOf(100);
  const busy = new Stream(memory, { closed: 100 });
  const needy = new Stream(memory);
  const waiting = needy.wait();
  await settled();
  equal(waiting.passed, false);
  busy.intended = 100;
  busy.isFailing = true;
  memory.notify();
  await settled();
  equal(waiting.passed, true, "an upload that fails is none to wait for");
});

Deno.test("SharedMemory has a stream whose uploads fail keep its share until one succeeds", () => {
  const memory = memoryOf(100);
  const failing = new Stream(memory, { open: 20, closed: 60, intended: 10, isFailing: true });
  const needy = new Stream(memory);
  equal(memory.admits(failing), true);
  failing.open += 10;
  equal(memory.admits(failing), false);
  deepEqual(failing.has, [30, 60], "as long as nobody needs it");
  needy.open = 10;
  equal(memory.admits(needy), true);
  deepEqual([failing.has, needy.has], [[0, 50], [10, 0]]);
  equal(memory.admits(failing), false, "though there is room");
  failing.isFailing = false;
  equal(memory.admits(failing), false, "nothing was archived yet");
  failing.closed = 30;
  memory.archived(failing);
  failing.open = 25;
  equal(memory.admits(failing), true);
});

Deno.test("SharedMemory has a stream whose uploads fail wait, not close the files of others", () => {
  const memory = memoryOf(100);
  const failing = new Stream(memory, { closed: 50, intended: 50, isFailing: true });
  const well = new Stream(memory, { open: 50 });
  equal(memory.admits(failing), false);
  deepEqual(well.has, [50, 0]);
});

Deno.test("SharedMemory drops nothing of a single stream", () => {
  const memory = memoryOf(100);
  const stream = new Stream(memory, { open: 40, closed: 61, isFailing: true });
  equal(memory.admits(stream), false);
  deepEqual(stream.has, [40, 61]);
});

Deno.test("SharedMemory leaves an eighth to the streams that have less than their share", () => {
  const memory = memoryOf(100);
  const large = new Stream(memory, { open: 30, closed: 59 });
  const small = new Stream(memory);
  equal(memory.admits(small), true);
  equal(memory.admits(large), false);
  large.closed = 57;
  equal(memory.admits(large), true);
});

Deno.test("SharedMemory has what a stream took that leaves", async () => {
  const memory = memoryOf(100);
  const gone = new Stream(memory, { closed: 90, isFailing: true, intended: 90 });
  const other = new Stream(memory, { closed: 10 });
  const waiting = other.wait();
  await settled();
  equal(waiting.passed, false);
  memory.leave(gone);
  await settled();
  deepEqual([waiting.passed, memory.buffered, memory.streams], [true, 10, 1]);
});

Deno.test("SharedMemory has a megabyte for each answer, but at most a quarter for all", () => {
  const memory = new SharedMemory({ maxMemory: 96 << 20, requests: 8 });
  equal(memory.forFiles, 88 << 20);
  const stream = new Stream(memory, { closed: (88 << 20) - 1 });
  const answers = Array.from({ length: 8 }, () => memory.answer());
  equal(memory.admits(stream), true, "what it saw before its request");
  equal(memory.buffered, (96 << 20) - 1);
  answers[0]![Symbol.dispose]();
  equal(memory.buffered, (95 << 20) - 1);
  stream.closed++;
  equal(memory.admits(stream), false);
  equal(memoryOf(60).forFiles, 60);
});

Deno.test("SharedMemory has a megabyte for each further stream, and at most half for all", () => {
  const memory = new SharedMemory({ maxMemory: 96 << 20, requests: 8 });
  for (let n = 0; n < 30; n++) new Stream(memory);
  equal(memory.forFiles, (88 - 29) << 20);
  for (let n = 0; n < 970; n++) new Stream(memory);
  equal(memory.forFiles, 40 << 20);
});

Deno.test("SharedMemory has less for each further stream if it is small", () => {
  const memory = new SharedMemory({ maxMemory: 8 << 20, requests: 8 });
  for (let n = 0; n < 3; n++) new Stream(memory);
  equal(memory.forFiles, (6 << 20) - 2 * 170 * 1024);
});
