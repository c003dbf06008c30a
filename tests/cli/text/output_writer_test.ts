import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import fc from "fast-check";
import { type OutputFile, OutputWriter } from "../../../src/cli/text/output_writer.ts";
import { writePieces } from "../../../src/cli/text/output_thread.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { mulberry32 } from "../../../src/base/clock.ts";

/** A thread that writes to the same file. */
function threadFor(file: OutputFile) {
  let writes = 0;
  const write = async (bytes: Uint8Array) => {
    await Promise.resolve();
    writes++;
    return writePieces(bytes, (piece) => file.writeSync(piece));
  };
  return {
    write,
    get writes() {
      return writes;
    },
  };
}

/** A clock that does not wait. */
const clock: Clock = {
  now: () => 0,
  random: () => 0,
  sleep: () => new Promise((resolve) => setImmediate(resolve)),
};

/** A non-blocking pipe or terminal behind Deno's standard output (Rust's `LineWriter`) or error. */
class FullFile implements OutputFile {
  /** What it accepted while it had not room for everything. */
  readonly taken: number[] = [];
  #buffer: number[] = [];
  #free: number;

  constructor(
    readonly random: () => number,
    readonly kind: { readonly isTerminal: boolean; readonly isBuffered: boolean },
    /** Bytes that it accepts at first, and at most each time that the reader reads. */
    private room: { readonly first: number; readonly more: number } = { first: 0, more: 9_000 },
  ) {
    this.#free = room.first;
  }

  /** From now on it accepts so many bytes, and at most `more` each time that the reader reads. */
  fill(first: number, more: number): void {
    this.room = { first, more };
    this.#free = first;
  }

  isTerminal(): boolean {
    return this.kind.isTerminal;
  }

  writeSync(data: Uint8Array): number {
    if (this.random() < 0.5) this.#free += Math.floor(this.random() * this.room.more);
    if (!this.kind.isBuffered) return this.#take(data);
    const line = data.lastIndexOf(10) + 1;
    let size = 0;
    if (this.#buffer.length > 0) this.#flush();
    if (line > 0) {
      size = this.#take(data.subarray(0, line));
      const rest = size < line ? data.subarray(size, line) : data.subarray(size);
      size += this.#keep(rest);
    } else if (data.length >= 1024) size = this.#take(data);
    else size = this.#keep(data);
    this.#flush();
    return size;
  }

  async write(data: Uint8Array): Promise<number> {
    await Promise.resolve();
    return this.writeSync(data);
  }

  #keep(data: Uint8Array): number {
    const kept = data.subarray(0, 1024);
    this.#buffer.push(...kept);
    return kept.length;
  }

  #flush(): void {
    while (this.#buffer.length > 0) {
      this.#buffer.splice(0, this.#take(Uint8Array.from(this.#buffer)));
    }
  }

  /** What the system does: a pipe accepts up to 4096 bytes completely or not at all. */
  #take(data: Uint8Array): number {
    const isAtomic = !this.kind.isTerminal && data.length <= 4096;
    const size = Math.min(data.length, this.#free);
    if (data.length > 0 && (size === 0 || (isAtomic && size < data.length))) {
      throw new Deno.errors.WouldBlock();
    }
    this.#free -= size;
    if (this.#free < Infinity) this.taken.push(...data.subarray(0, size));
    return size;
  }
}

for (const isTerminal of [false, true]) {
  for (const isBuffered of [false, true]) {
    const name = `a full ${isTerminal ? "terminal" : "pipe"}${
      isBuffered ? " behind a buffer" : ""
    }`;
    Deno.test(`OutputWriter writes all of it, once and in order, to ${name}`, async () => {
      const line = fc.oneof(fc.nat(300), fc.nat(6_000)).map((size) => "x".repeat(size));
      const text = fc.array(line, { maxLength: 30 }).map((lines) => lines.join("\n"));
      const texts = fc.array(fc.tuple(text, fc.constantFrom("", "\n")), { maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(texts, fc.nat(), async (texts, seed) => {
          const all = texts.map(([text, end], n) => `${n}${text}${end}`);
          const file = new FullFile(mulberry32(seed), { isTerminal, isBuffered });
          const writer = new OutputWriter(file, { clock, isBuffered });
          await Promise.all(all.map((text) => writer.write(text)));
          equal(new TextDecoder().decode(Uint8Array.from(file.taken)), all.join(""));
        }),
        { numRuns: 40 },
      );
    });
  }
}

for (const isTerminal of [false, true]) {
  const name = isTerminal ? "terminal" : "pipe";
  Deno.test(`OutputWriter writes all of it if a ${name} was fast and then fills up`, async () => {
    const kind = { isTerminal, isBuffered: true };
    const sizes = fc.array(fc.oneof(fc.nat(1_500), fc.nat(9_000)), {
      minLength: 20,
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(40_000), fc.nat(), async (sizes, room, seed) => {
        // So much that it is written synchronously when there is no room any more.
        const fast = `${"y".repeat(isTerminal ? 30 : 3_000)}\n`.repeat(100);
        const first = fast.length + room;
        const file = new FullFile(mulberry32(seed), kind, {
          first,
          more: isTerminal ? 900 : 6_000,
        });
        const writer = new OutputWriter(file, { clock, isBuffered: true });
        const slow = sizes.map((size, n) => `${n}${"x".repeat(size)}\n`).join("");
        await Promise.all([writer.write(fast), writer.write(slow)]);
        equal(new TextDecoder().decode(Uint8Array.from(file.taken)), fast + slow);
      }),
      { numRuns: 20 },
    );
  });
}

Deno.test("OutputWriter reports a failed write, and tries again at the next one", async () => {
  const sizes: number[] = [];
  const file: OutputFile = {
    isTerminal: () => false,
    writeSync: (data) => data.length,
    write(data) {
      sizes.push(data.length);
      return sizes.length === 1
        ? Promise.reject(new Deno.errors.BrokenPipe())
        : Promise.resolve(data.length);
    },
  };
  const writer = new OutputWriter(file, { clock });
  await rejects(writer.write("one"), Deno.errors.BrokenPipe);
  await writer.write("three");
  deepStrictEqual(sizes, [3, 5]);
});

/** A file that notes the size of each write, and can be made to be full. */
function wholeFile() {
  const file = {
    sizes: [] as number[],
    isFull: false,
    isBroken: false,
    isTerminal: () => false,
    writeSync,
    write,
  };
  function writeSync(data: Uint8Array): number {
    file.sizes.push(data.length);
    if (file.isFull) throw new Deno.errors.WouldBlock();
    if (file.isBroken) throw new Deno.errors.BrokenPipe();
    return data.length;
  }
  // deno-lint-ignore require-await
  async function write(data: Uint8Array): Promise<number> {
    return writeSync(data);
  }
  return file satisfies OutputFile;
}

/** A writer that has written 4 MiB, after which it asks whether the file accepts all. */
async function writerTo(file: OutputFile, acceptsAll: () => Promise<boolean>) {
  const writer = new OutputWriter(file, { clock, isBuffered: true, acceptsAll });
  await writer.write("a line\n".repeat(600_000));
  return writer;
}

Deno.test("OutputWriter writes large pieces to a file that accepts all", async () => {
  const file = wholeFile();
  let asked = 0;
  const writer = await writerTo(file, () => Promise.resolve(++asked > 0));
  equal(asked, 0);
  file.sizes.length = 0;
  const text = "a line\n".repeat(100_000);
  await writer.write(text);
  await writer.write(text);
  const sizes = [1 << 18, 1 << 18, 700_000 - (1 << 19)];
  deepStrictEqual(file.sizes, [...sizes, ...sizes]);
  equal(asked, 1);
});

Deno.test("OutputWriter writes pieces of at most 4096 bytes to a file that may accept a part", async () => {
  const file = wholeFile();
  const writer = await writerTo(file, () => Promise.resolve(false));
  file.sizes.length = 0;
  await writer.write("a line\n".repeat(1_000));
  deepStrictEqual(file.sizes, [4095, 2905]);
});

Deno.test("OutputWriter does not repeat a large piece of which a part may be written", async () => {
  const file = wholeFile();
  const writer = await writerTo(file, () => Promise.resolve(true));
  file.sizes.length = 0;
  file.isFull = true;
  await rejects(writer.write("a line\n".repeat(200_000)), Deno.errors.WouldBlock);
  deepStrictEqual(file.sizes, [1 << 18]);
});

/** A part of the 128 MiB after which a second thread pays. */
const MUCH = new TextEncoder().encode("a line of text\n".repeat(1_200_000));

/** A writer that has written so much that it uses a second thread, if it may. */
async function writerWithThread(
  file: OutputFile,
  options: { readonly acceptsAll?: () => Promise<boolean>; readonly starts?: boolean } = {},
) {
  const { acceptsAll = () => Promise.resolve(false), starts = true } = options;
  const thread = threadFor(file);
  let started = 0;
  const startThread = () => {
    started++;
    return starts ? Promise.resolve(thread) : Promise.reject(new Error("no memory"));
  };
  const writer = new OutputWriter(file, { clock, isBuffered: true, acceptsAll, startThread });
  for (let size = 0; size < 128 << 20; size += MUCH.length) await writer.write(MUCH);
  equal(started, 0, "not before it pays");
  await writer.write("to start it\n");
  return {
    writer,
    thread,
    get started() {
      return started;
    },
  };
}

Deno.test("OutputWriter has a second thread write large data to a pipe after 128 MiB", async () => {
  const file = wholeFile();
  const { writer, thread, started } = await writerWithThread(file);
  equal(started, 1);
  await writer.write("small\n");
  equal(thread.writes, 0);
  await writer.write("large\n".repeat(20_000));
  equal(thread.writes, 1);
});

Deno.test("OutputWriter writes alone to a regular file, and if no thread can be started", async () => {
  for (const options of [{ acceptsAll: () => Promise.resolve(true) }, { starts: false }]) {
    const file = wholeFile();
    const { writer, thread, started } = await writerWithThread(file, options);
    equal(started, options.starts === false ? 1 : 0);
    const before = file.sizes.reduce((sum, size) => sum + size, 0);
    await writer.write("large\n".repeat(20_000));
    equal(file.sizes.reduce((sum, size) => sum + size, 0) - before, 120_000);
    equal(thread.writes, 0);
  }
});

Deno.test("OutputWriter reports what a second thread could not write", async () => {
  const file = wholeFile();
  const { writer } = await writerWithThread(file);
  file.isBroken = true;
  await rejects(writer.write("large\n".repeat(20_000)), Deno.errors.BrokenPipe);
});

Deno.test("OutputWriter writes all of it in order if a pipe fills up while a second thread writes", async () => {
  const kind = { isTerminal: false, isBuffered: true };
  const sizes = fc.array(fc.oneof(fc.nat(1_500), fc.nat(9_000)), { minLength: 30, maxLength: 60 });
  const writes = fc.array(fc.tuple(sizes, fc.constantFrom("", "\n")), {
    minLength: 1,
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(writes, fc.nat(60_000), fc.nat(), async (writes, room, seed) => {
      const file = new FullFile(mulberry32(seed), kind, { first: Infinity, more: 0 });
      const { writer, thread } = await writerWithThread(file);
      file.fill(room, 6_000);
      const texts = writes.map(([sizes, end]) =>
        sizes.map((size, n) => `${n}${"x".repeat(size)}`).join("\n") + "z".repeat(70_000) + end
      );
      await Promise.all(texts.map((text) => writer.write(text)));
      equal(new TextDecoder().decode(Uint8Array.from(file.taken)), texts.join(""));
      equal(thread.writes, texts.length);
    }),
    { numRuns: 10 },
  );
});

Deno.test("OutputWriter flushes a piece that a second thread left in Deno's buffer, and repeats others", async () => {
  for (const isKept of [true, false]) {
    const file = wholeFile();
    const { writer, thread } = await writerWithThread(file);
    thread.write = ({ length }) => Promise.resolve({ at: length - 5, isKept });
    file.sizes.length = 0;
    await writer.write(`${"large\n".repeat(20_000)}12345`);
    deepStrictEqual(file.sizes, [isKept ? 0 : 5]);
  }
});
