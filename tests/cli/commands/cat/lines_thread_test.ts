import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { concatBytes } from "../../../../src/base/bytes.ts";
import { ArchiveFormatError } from "../../../../src/base/errors.ts";
import { LinePrinter } from "../../../../src/cli/commands/cat/line_printer.ts";
import { LinesThread } from "../../../../src/cli/commands/cat/lines_thread.ts";
import { printArchive } from "../../../../src/cli/commands/cat/print_archive.ts";
import { encodeEvent } from "../../../../src/codec/mod.ts";
import type { ArchiveDamage } from "../../../../src/codec/tri/archive_options.ts";
import {
  anyEvent,
  archiveOf,
  chunk,
  cut,
  eventFrom,
  ID,
  pieceSizes,
  stored,
} from "../../../codec/tri/archive_samples.ts";
import config from "../../../../deno.json" with { type: "json" };
import { runCommand } from "../../fake_context.ts";

/** Prints a file, and collects what is printed and reported. */
async function print(
  how: Pick<LinesThread, "print">,
  pieces: Iterable<Uint8Array>,
  isSalvaging: boolean,
  file?: string,
) {
  const parts: Uint8Array[] = [];
  const printer = new LinePrinter({
    isTerminal: false,
    async write(data) {
      await new Promise((resolve) => setImmediate(resolve));
      parts.push((data as Uint8Array).slice());
    },
  });
  const damages: string[] = [];
  const onDamage = (damage: ArchiveDamage) =>
    damages.push(`${damage.offset}+${damage.length}: ${describe(damage.error)}`);
  let [events, bytes] = [0, 0];
  const onProgress = (newEvents: number, newBytes: number) => {
    events += newEvents;
    bytes += newBytes;
  };
  const options = { onProgress, file, ...(isSalvaging ? { onDamage } : {}) };
  const source = (async function* () {
    yield* pieces;
  })();
  const error = await how.print(source, printer, options).then(() => undefined, describe);
  await printer.end();
  const text = new TextDecoder().decode(concatBytes(parts));
  return { text, events, bytes, damages, error };
}

function describe(error: unknown): string {
  if (!(error instanceof ArchiveFormatError)) throw error;
  return `${error.offset}: ${error.message}`;
}

async function start(): Promise<LinesThread> {
  const thread = await LinesThread.start();
  ok(thread !== undefined);
  return thread;
}

Deno.test("LinesThread prints what one thread prints, file after file, also of damaged ones", async () => {
  using thread = await start();
  const file = fc.tuple(
    fc.array(anyEvent, { maxLength: 12 }),
    fc.option(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255))),
  ).map(([events, change]) => {
    const file = archiveOf(events.map((event, i) => [i % 2, eventFrom(event)] as const)).slice();
    if (change !== null) file[Math.floor(change[0] * (file.length - 1))] = change[1];
    return file;
  });
  await fc.assert(
    fc.asyncProperty(file, pieceSizes, fc.boolean(), fc.constantFrom("a", undefined), async (
      file,
      sizes,
      isSalvaging,
      name,
    ) => {
      deepStrictEqual(
        await print(thread, cut(file, sizes), isSalvaging, name),
        await print({ print: printArchive }, cut(file, sizes), isSalvaging, name),
      );
    }),
    { numRuns: 60 },
  );
});

Deno.test("LinesThread prints pieces and lines larger than its buffers", async () => {
  using thread = await start();
  const events = Array.from(
    { length: 2_000 },
    (_, n) => encodeEvent({ n, text: "\0".repeat(900) }),
  );
  const file = archiveOf(events.map((event) => [0, event] as const));
  const { text, error, ...totals } = await print(thread, [file, file, file], false);
  const bytes = events.reduce((sum, event) => sum + event.length, 0) * 3;
  deepStrictEqual([error, totals], [undefined, { events: 6_000, bytes, damages: [] }]);
  equal(
    text.length,
    3 * events.reduce((sum, _, n) => sum + `{"n":${n},"text":""}\n`.length + 5_400, 0),
  );
});

Deno.test("LinesThread.start() returns undefined if the program cannot be loaded", async () => {
  equal(await LinesThread.start(new URL("./none.ts", import.meta.url)), undefined);
  equal(await LinesThread.start(new URL("http://127.0.0.1:1/none.ts")), undefined);
});

/** Runs a test with a file of three events and so much padding that two threads read it. */
async function withLargeFile(
  test: (path: string, lines: string[], size: number) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-cat-" });
  try {
    const path = `${directory}/large.tri`;
    const chunks = concatBytes([0, 1, 2].flatMap((n) => [ID, stored(encodeEvent({ n }))]));
    await Deno.writeFile(path, chunks);
    using file = await Deno.open(path, { write: true });
    let size = chunks.length;
    for (let n = 0; n < 8; n++, size += 4 + 0xffffff) {
      await file.seek(size, Deno.SeekMode.Start);
      await file.write(Uint8Array.of(0xfe, 0xff, 0xff, 0xff));
    }
    await file.truncate(size); // the zeros are a hole
    await test(path, ['{"n":0}\n', '{"n":1}\n', '{"n":2}\n'], size);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("cat prints files of more than 300 MB in two threads, and names damage", () =>
  withLargeFile(async (path, lines, size) => {
    await Deno.writeFile(path, chunk(0x02, [1, 2, 3]), { append: true });
    const { code, stdout, stderr } = await runCommand(["cat", path]);
    deepStrictEqual([code, stdout], [1, lines.join("")]);
    const damage =
      `Cannot read chunk at offset ${size}: its type 0x02 is reserved and not skippable`;
    equal(stderr, `triton: Cannot read "${path}": ${damage}\n`);
    const salvaged = await runCommand(["cat", "--salvage", path]);
    deepStrictEqual([salvaged.code, salvaged.stdout], [1, lines.join("")]);
    ok(
      salvaged.stderr.startsWith(`triton: ${path}: ${damage} (skipped 7 bytes)\n`),
      salvaged.stderr,
    );
    const limited = await runCommand(["cat", "--limit", "2", path]);
    deepStrictEqual([limited.code, limited.stdout], [0, lines.slice(0, 2).join("")]);
  }));

Deno.test("cat prints large files in one thread if it may not load the other's program", () =>
  withLargeFile(async (path, lines) => {
    const cli = new URL("../../../../cli.ts", import.meta.url).pathname;
    // As outside of the clone, whose configuration makes Deno read everything late.
    const settings = join(dirname(path), "deno.json");
    await Deno.writeTextFile(settings, JSON.stringify({ imports: config.imports }));
    const flags = ["--quiet", "--no-prompt", "--no-lock", `--config=${settings}`];
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", ...flags, "--allow-env", `--allow-read=${path}`, cli, "cat", path],
    });
    const { code, stdout, stderr } = await command.output();
    const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    deepStrictEqual([code, text, errors], [0, lines.join(""), ""]);
  }));
