/**
 * Other processes at the same database.
 *
 * @module
 */

import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { openCheckpointer } from "@triton/triton/checkpoint";
import { loadAll } from "./contract.ts";

/** Starts the program that saves until it is killed, or only opens the database. */
function start(
  url: string,
  mode: "save" | "open",
  env: Record<string, string> = {},
  permissions: readonly string[] = ["-A"],
): Deno.ChildProcess {
  const program = new URL("./saving_program.ts", import.meta.url).pathname;
  const args = ["run", ...permissions, "--no-prompt", "--no-check", "--quiet", program, url, mode];
  return new Deno.Command(Deno.execPath(), { args, env, stdout: "piped", stderr: "inherit" })
    .spawn();
}

/** Kills a program in the middle of saving; every position it printed must be there. */
export async function killWhileSaving(url: string): Promise<void> {
  const child = start(url, "save");
  let output = "";
  let killed = false;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    if (killed || output.split("\n").length <= 50) continue;
    killed = true; // but what is printed goes on for a bit
    child.kill("SIGKILL");
  }
  equal((await child.status).signal, "SIGKILL");
  const printed = output.slice(0, output.lastIndexOf("\n")).split("\n").slice(1).map(Number);
  ok(printed.length > 40, output);
  await using checkpointer = await openCheckpointer(url, { client: "program" });
  const saved = (await loadAll(checkpointer, "s", 2)).map(Number);
  equal(saved[0], saved[1]);
  ok(
    saved[0]! >= printed.at(-1)! && saved[0]! <= printed.at(-1)! + 1,
    `${saved} ${printed.at(-1)}`,
  );
}

/** Lets several programs open a new database at once; all must succeed. */
export async function openTogether(url: string): Promise<void> {
  const children = Array.from({ length: 4 }, () => start(url, "open"));
  const outputs = await Promise.all(children.map((child) => child.output()));
  const results = outputs.map(({ code, stdout }) => [code, new TextDecoder().decode(stdout)]);
  deepStrictEqual(results, children.map(() => [0, "open\n"]));
}

/** Opens a database in a program with environment variables of its own, and returns its output. */
export async function openWith(
  url: string,
  env: Record<string, string>,
  permissions?: readonly string[],
): Promise<string> {
  const { stdout } = await start(url, "open", env, permissions).output();
  return new TextDecoder().decode(stdout);
}
