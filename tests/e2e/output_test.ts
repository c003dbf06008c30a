/** What becomes of output that is not taken at once. */

import { deepStrictEqual, equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import { ArchiveBuilder, encodeEvent } from "@triton/triton/codec";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import { tritonCommand } from "../support/triton_command.ts";
import { TritonProcess } from "../support/triton_process.ts";

const PROGRAM = new URL("../support/unready_output.py", import.meta.url).pathname;

/** The start of `triton` with an output that takes little at a time, and never waits. */
const nonBlocking = (
  what: "stdout" | "stderr",
  how: "pipe" | "late" | "terminal",
) => ["python3", PROGRAM, what, how];

/** An archive, and what `cat` prints of it: lines of a few bytes and of several pages. */
function makeArchive(count: number): { bytes: Uint8Array<ArrayBuffer>; text: string } {
  const objects = Array.from({ length: count }, (_, n) => ({
    n,
    text: "x".repeat(n % 50 === 49 ? 20_000 : n % 200),
  }));
  const builder = new ArchiveBuilder();
  const shard = "shardId-000000000000" as ShardId;
  for (const object of objects) {
    const sequenceNumber = String(object.n + 1) as SequenceNumber;
    builder.add(shard, { sequenceNumber, arrivedAt: new Date(0) }, encodeEvent(object));
  }
  const bytes = builder.finish({
    ...{ stream: "clicks", client: "store", createdAt: new Date(0), program: "test" },
    previous: new Map(),
  });
  return { bytes: bytes.slice(), text: objects.map((it) => `${JSON.stringify(it)}\n`).join("") };
}

for (const [how, count] of [["pipe", 2_000], ["terminal", 300]] as const) {
  Deno.test(`triton cat prints everything to a non-blocking ${how} with a slow reader`, async () => {
    const { bytes, text } = makeArchive(count);
    const under = nonBlocking("stdout", how);
    await using cat = new TritonProcess(["cat", "-"], { input: bytes, under });
    const { code, stdout, stderr } = await cat.ended;
    deepStrictEqual([code, stderr], [0, ""]);
    equal(stdout, text);
  });
}

Deno.test("triton cat prints everything to a non-blocking pipe if a second thread writes", async () => {
  const { bytes, text } = makeArchive(10_000);
  const copies = Math.ceil(145e6 / text.length);
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, bytes);
  const under = ["sh", "-c", '"$@" | sha256sum', "sh", ...nonBlocking("stdout", "late")];
  await using cat = new TritonProcess(["cat", ...Array<string>(copies).fill(path)], { under });
  const { stdout, stderr } = await cat.ended;
  await Deno.remove(path);
  const hash = createHash("sha256");
  for (let n = 0; n < copies; n++) hash.update(text);
  deepStrictEqual([stdout, stderr], [`${hash.digest("hex")}  -\n`, ""]);
});

/** Reads what `cat` prints until its second thread waits for the reader, and then ends in some way. */
async function stopReading(
  end: (process: Deno.ChildProcess, reader: ReadableStreamDefaultReader<Uint8Array>) => unknown,
): Promise<{ code: number; errors: string }> {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, makeArchive(10_000).bytes);
  const [program, ...before] = tritonCommand();
  const args = [...before, "cat", ...Array<string>(100).fill(path)];
  const process = new Deno.Command(program, { args, stdout: "piped", stderr: "piped" }).spawn();
  const reader = process.stdout.getReader();
  for (let size = 0; size < 128 << 20 || !isWaiting(process.pid);) {
    size += (await reader.read()).value!.length;
  }
  await end(process, reader);
  const { code } = await process.status;
  await reader.cancel();
  await Deno.remove(path);
  return { code, errors: await new Response(process.stderr).text() };
}

/** Whether the second thread of a process waits for room in a pipe. */
function isWaiting(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  return [...Deno.readDirSync(tasks)].some(({ name }) => {
    try {
      const [thread, place] = ["comm", "wchan"]
        .map((file) => Deno.readTextFileSync(`${tasks}/${name}/${file}`));
      return thread!.startsWith("worker") && /pipe_write/.test(place!);
    } catch {
      return false; // the thread has ended
    }
  });
}

Deno.test("triton cat ends well if its reader ends while a second thread writes", async () => {
  const ended = await stopReading((_process, reader) => reader.cancel());
  deepStrictEqual(ended, { code: 0, errors: "" });
});

Deno.test("triton cat obeys SIGTERM while a second thread waits for its reader", async () => {
  const { code } = await stopReading((process) => process.kill("SIGTERM"));
  equal(code, 143);
});

Deno.test("triton cat prints everything to a file", async () => {
  const { bytes, text } = makeArchive(2_000);
  const path = await Deno.makeTempFile();
  const under = ["sh", "-c", 'exec "$@" >"$0"', path];
  await using cat = new TritonProcess(["cat", "-"], { input: bytes, under });
  const { code, stderr } = await cat.ended;
  deepStrictEqual([code, stderr], [0, ""]);
  equal(await Deno.readTextFile(path), text);
  await Deno.remove(path);
});

for (const how of ["pipe", "terminal"] as const) {
  Deno.test(`triton put reports every line to a non-blocking standard error that is a ${how}`, async () => {
    const directory = await Deno.makeTempDir();
    const config = `${directory}/triton.yaml`;
    await Deno.writeTextFile(
      config,
      "clicks:\n  name: c\n  partition_key: id\n  region: eu-west-1\n",
    );
    const input = Array.from({ length: 3_000 }, () => "no JSON\n").join("");
    const args = ["put", "--stream", "clicks", "--config", config];
    await using put = new TritonProcess(args, { input, under: nonBlocking("stderr", how) });
    const { code, stdout } = await put.ended;
    await Deno.remove(directory, { recursive: true });
    equal(code, 1);
    const numbers = [...stdout.matchAll(/^triton: line (\d+): /gm)].map(([, number]) =>
      Number(number)
    );
    deepStrictEqual(numbers, Array.from({ length: 3_000 }, (_, n) => n + 1));
  });
}
