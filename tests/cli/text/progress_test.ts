import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { VirtualClock } from "../../../src/base/clock.ts";
import type { Output } from "../../../src/cli/cli_context.ts";
import { Progress, type ProgressOptions } from "../../../src/cli/text/progress.ts";
import { StatusOutput } from "../../../src/cli/text/status_output.ts";
import { FakeTerminal } from "./fake_terminal.ts";

/** A progress on a terminal of its own. */
function onTerminal(options: ProgressOptions = {}, columns = 80) {
  const clock = new VirtualClock();
  const terminal = new FakeTerminal(columns);
  const stderr = new StatusOutput(terminal);
  const progress = new Progress({ clock, stderr }, "read", options);
  /** Advances the time, and reports what was done until then. */
  const after = async (ms: number, count: number, bytes: number, done?: number) => {
    await clock.advance(ms);
    await progress.update(count, bytes, done);
    return terminal.line;
  };
  return { terminal, stderr, progress, after };
}

/** A total that is known at once. */
const of = (total: number) => ({ total: () => Promise.resolve(total) });

Deno.test("Progress shows nothing in the first second, and then what was done", async () => {
  const { after } = onTerminal();
  equal(await after(999, 10, 100), "");
  equal(await after(1, 1_000, 20_000_000), "read 1,000 events, 20.0 MB, 20.0 MB/s");
  equal(await after(199, 2_000, 40_000_000), "read 1,000 events, 20.0 MB, 20.0 MB/s");
  equal(await after(801, 2_000, 60_000_000), "read 2,000 events, 60.0 MB, 30.0 MB/s");
});

Deno.test("Progress shows the share and the time left once the total is known", async () => {
  const { after } = onTerminal(of(4_000));
  await after(1_000, 10, 5e6, 1_000);
  equal(
    await after(1_000, 20, 10e6, 2_000),
    "read 50% [============>           ] 20 events, 10.0 MB, 5.0 MB/s, 2s left",
  );
  equal(
    await after(2_000, 40, 20e6, 4_000),
    "read 100% [========================] 40 events, 20.0 MB, 5.0 MB/s, 0s left",
  );
});

Deno.test("Progress shows no share if the total is unknown, or cannot be found", async () => {
  for (const total of [() => Promise.resolve(undefined), () => Promise.reject(new Error("no"))]) {
    const { after } = onTerminal({ total });
    await after(1_000, 10, 5e6);
    equal(await after(1_000, 20, 10e6), "read 20 events, 10.0 MB, 5.0 MB/s");
  }
});

Deno.test("Progress of files has their rate, of the last ten seconds", async () => {
  const { after } = onTerminal({ noun: "files" });
  await after(1_000, 100, 1e6);
  equal(await after(1_000, 200, 2e6), "read 200 files, 2.0 MB, 100 files/s");
  for (let second = 3; second <= 20; second++) await after(1_000, 200 + second, 2e6);
  equal(await after(1_000, 221, 2e6), "read 221 files, 2.0 MB, 1.0 files/s");
});

Deno.test("Progress leaves room for what Ctrl-C prints on terminals of all widths", async () => {
  for (let columns = 13; columns < 120; columns++) {
    const { after, terminal } = onTerminal(of(4_000_000), columns);
    await after(1_000, 1_234_567, 5e9, 1_000_000);
    const line = await after(1_000, 2_234_567, 10e9, 2_000_000);
    ok(line.length <= columns - "^C ".length, `${columns}: "${line}"`);
    equal(terminal.lines.length, 1);
    ok(line.startsWith("read 50"), line);
  }
  const { after } = onTerminal(of(4_000_000), 60);
  await after(1_000, 1_234_567, 5e9, 1_000_000);
  equal(
    await after(1_000, 2_234_567, 10e9, 2_000_000),
    "read 50% 2,234,567 events, 10.0 GB, 5.0 GB/s, 2s left",
  );
});

Deno.test("Progress gives way to each text on standard error, and leaves nothing behind", async () => {
  const { after, terminal, stderr, progress } = onTerminal();
  await after(1_000, 10, 10_000);
  await stderr.write("triton: one\n");
  deepStrictEqual(terminal.lines, ["triton: one", ""]);
  await after(1_000, 20, 20_000);
  equal(terminal.line, "read 20 events, 20.0 kB, 10.0 kB/s");
  await stderr.write("triton: two\n");
  await after(1_000, 30, 30_000);
  await progress.end();
  await after(1_000, 40, 40_000);
  deepStrictEqual(terminal.lines, ["triton: one", "triton: two", ""]);
});

Deno.test("Progress draws nothing where standard error is no terminal", async () => {
  const written: string[] = [];
  const clock = new VirtualClock();
  const file: Output = {
    isTerminal: false,
    write: (data) => Promise.resolve(void written.push(String(data))),
  };
  let asked = 0;
  const total = () => Promise.resolve(++asked);
  const progress = new Progress({ clock, stderr: new StatusOutput(file) }, "read", { total });
  await clock.advance(60_000);
  await progress.update(1, 1);
  await progress.end();
  deepStrictEqual([written, asked], [[], 0]);
});

Deno.test("Progress draws beside data only if they go to a file", async () => {
  for (const isFile of [true, false]) {
    const beside: Output = {
      isTerminal: false,
      isFile: () => Promise.resolve(isFile),
      write: () => Promise.resolve(),
    };
    const { after } = onTerminal({ beside });
    equal(await after(1_000, 10, 10_000) !== "", isFile);
    equal(await after(1_000, 10, 10_000) !== "", isFile);
  }
});

Deno.test("Progress stops looking for the total when it ends", async () => {
  let signal: AbortSignal | undefined;
  const total = (given: AbortSignal) => {
    signal = given;
    return new Promise<number>(() => {});
  };
  const { after, progress } = onTerminal({ total });
  await after(1_000, 10, 10_000);
  equal(signal!.aborted, false);
  await progress.end();
  equal(signal!.aborted, true);
});
