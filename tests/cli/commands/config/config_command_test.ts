import { deepStrictEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { configSchema } from "../../../../src/config/mod.ts";
import { runCommand } from "../../fake_context.ts";

async function withFile(text: string, run: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-config-" });
  try {
    const path = join(directory, "triton.yaml");
    await Deno.writeTextFile(path, text);
    await run(path);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("triton config check prints every mistake with its place, and exits with 1", () =>
  withFile("a:\n  nam: x\n  region: 3\n", async (path) => {
    const { code, stdout, stderr } = await runCommand(["config", "check"], {
      env: { TRITON_CONFIG: path },
    });
    deepStrictEqual([code, stderr], [1, "triton: The configuration has 3 mistakes\n"]);
    deepStrictEqual(stdout.split("\n"), [
      `${path}:1:1: Missing "name" in stream "a": add "name: <the stream's name in Kinesis>"`,
      `${path}:2:3: Unknown key "nam" in stream "a": did you mean "name"?`,
      `${path}:3:11: "region" of stream "a" must be text, not a number: write "3" in quotes`,
      "",
    ]);
  }));

Deno.test("triton config check takes a file instead, or standard input, and warnings exit with 0", () =>
  withFile("a: { name: x }\nb: { name: x }\n", async (path) => {
    const env = { TRITON_CONFIG: "/none.yaml" };
    const checked = await runCommand(["config", "check", path], { env });
    deepStrictEqual([checked.code, checked.stderr], [0, ""]);
    match(checked.stdout, /triton\.yaml:2:1: warning: "a" and "b" are the same stream/);
    match(checked.stdout, /triton\.yaml: 2 streams, 1 warning, no mistake\n$/);
    const json = await runCommand(["config", "check", "--json", path], { env });
    const { streams, problems, warnings } = JSON.parse(json.stdout);
    deepStrictEqual([streams, problems, warnings[0].line], [["a", "b"], [], 2]);
    const piped = await runCommand(["config", "check", "-"], { stdin: "a: { name: x }\n" });
    deepStrictEqual([piped.code, piped.stdout], [0, "standard input: 1 stream, no mistake\n"]);
    equal((await runCommand(["config", "check"], { env })).code, 1);
    equal((await runCommand(["config", "check"])).code, 2);
  }));

Deno.test("triton config schema prints the JSON Schema, and help config the settings", async () => {
  const { stdout } = await runCommand(["config", "schema"]);
  deepStrictEqual(JSON.parse(stdout), configSchema());
  const help = await runCommand(["help", "config"]);
  match(help.stdout, /^ {4}name: user_activity_prod {3}# the stream in Kinesis$/m);
  match((await runCommand(["config"])).stderr, /Commands:\n {2}check/);
});
