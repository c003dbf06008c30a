import { equal } from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { acceptsAll } from "../../../src/cli/text/output_writer.ts";

/** Whether a path, opened for writing, accepts each write completely. */
async function accepts(path: string): Promise<boolean> {
  const fd = openSync(path, "r+");
  try {
    return await acceptsAll(fd);
  } finally {
    closeSync(fd);
  }
}

Deno.test("acceptsAll() is true for a regular file and the null device only", async () => {
  const directory = await Deno.makeTempDir();
  const [file, pipe] = [`${directory}/file`, `${directory}/pipe`];
  await Deno.writeTextFile(file, "");
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  equal(await accepts(file), true);
  equal(await accepts("/dev/null"), true);
  equal(await accepts("/dev/zero"), false);
  equal(await accepts("/dev/ptmx"), false);
  equal(await accepts(pipe), false);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("acceptsAll() is false for a file that is not open", async () => {
  equal(await acceptsAll(99_999), false);
});
