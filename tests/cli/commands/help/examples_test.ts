import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { allHelp } from "./find_examples.ts";

Deno.test("the help of each command ends with two examples, of at most 80 columns", async () => {
  const all = await allHelp();
  ok(all.length > 20, `${all.length} commands`);
  for (const { command, help, examples } of all) {
    equal(examples.length, 2, `${command} has ${examples.length} examples`);
    const text = help.slice(help.indexOf("\nExamples:\n"));
    deepStrictEqual(text.split("\n").filter((line) => line.length > 80), [], command);
    for (const example of examples) {
      ok(example.includes(`triton ${command.split(" ")[0]}`), `${command}: ${example}`);
    }
  }
});

/** What the runner says of an example. */
interface Ran {
  readonly command: string;
  readonly line: string;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

Deno.test("all examples work as they stand", async () => {
  const cwd = await Deno.makeTempDir({ prefix: "triton-examples-" });
  const env = Object.entries(Deno.env.toObject()).filter(([name]) =>
    /^(PATH|HOME|DENO_\w+)$/.test(name)
  );
  const program = new URL("./run_examples.ts", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "--no-check", program],
    ...{ cwd, env: Object.fromEntries(env), clearEnv: true },
  }).output();
  await Deno.remove(cwd, { recursive: true });
  const errors = new TextDecoder().decode(stderr);
  const ran = new TextDecoder().decode(stdout).trimEnd().split("\n")
    .map((line): Ran => JSON.parse(line));
  const expected = (await allHelp()).flatMap(({ examples }) => examples);
  deepStrictEqual(ran.map(({ line }) => line).sort(), [...expected].sort(), errors);
  const failed = ran.filter(({ code }) => code !== 0);
  deepStrictEqual(failed, []);
  // `store` and `put` print to standard error, and what is exported is in a bucket.
  const silent = ran.filter(({ stdout, stderr }) => stdout === "" && stderr === "");
  deepStrictEqual(silent, []);
});
