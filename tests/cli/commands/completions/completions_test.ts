/**
 * Runs the scripts of `triton completions` in the shells on this machine.
 *
 * @module
 */

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { tritonCommand } from "../../../support/triton_command.ts";
import { allHelp } from "../help/find_examples.ts";
import { runCommand } from "../../fake_context.ts";

const COMPLETE_ZSH = new URL("complete.zsh", import.meta.url).pathname;

/**
 * Sources the script, and prints the completions of lines; the last word is being typed. Words are
 * split at `:` and `=`, as in bash.
 */
const COMPLETE_BASH = `source "$1"; shift
for line; do
  COMP_LINE=$line
  split=\${line//:/ : }
  eval "COMP_WORDS=(\${split//=/ = })"
  [[ $line == *" " ]] && COMP_WORDS+=("")
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _triton; printf '%s\\n' "\${COMPREPLY[@]}" --
done`;

const COMPLETE_FISH = `source $argv[1]
for line in $argv[2..]
  complete -C "$line" | string split -f 1 \\t
  echo -- --
end`;

/** How each shell prints the completions of lines, with a line "--" after each. */
const SHELLS: Readonly<Record<string, (script: string, lines: readonly string[]) => string[]>> = {
  bash: (script, lines) => ["bash", "--norc", "-c", COMPLETE_BASH, "bash", script, ...lines],
  zsh: (script, lines) => ["zsh", "-f", COMPLETE_ZSH, script, ...lines],
  fish: (script, lines) => ["fish", "--no-config", "-c", COMPLETE_FISH, script, ...lines],
};

/** Command lines, and all completions at their end. */
const LINES: readonly (readonly [line: string, ...offered: string[]])[] = [
  ["triton st", "stats", "store"],
  ["triton checkpoint ", "accept-gap", "forget", "list", "move-bucket", "recover", "rewind", "set"],
  ["triton store --str", "--stream", "--streams-like"],
  ["triton store --stream ", "clicks", "user_activity"],
  ["triton tail --stream user", "user_activity"],
  ["triton checkpoint rewind --stream cl", "clicks"],
  ["triton store --config other.yaml --stream ", "elsewhere"],
  ["triton --log-level ", "debug", "error", "info", "warning"],
  ["triton stats --format c", "carbon"],
  ["triton store --from l", "latest"],
  ["triton completions ", "bash", "fish", "zsh"],
  // A value that looks like a command is not one.
  ["triton stats --client-name store --wa", "--watch"],
  ["triton s --skip", "--skip-to-latest"],
  ["triton checkpoint rewind --dry", "--dry-run"],
  ["triton cat only_", "only_file.tri"],
  ["triton store --config oth", "other.yaml"],
  ["triton stats --bukc"],
];

async function isInstalled(shell: string): Promise<boolean> {
  try {
    return (await new Deno.Command(shell, { args: ["--version"], stdout: "null" }).output())
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A directory with `triton`, a script of completions, configurations and a file. */
async function withScript(
  shell: string,
  test: (complete: (...lines: readonly string[]) => Promise<string[][]>) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-completions-" });
  try {
    const command = tritonCommand().map((word) => `'${word}'`).join(" ");
    const write = (name: string, text: string) => Deno.writeTextFile(join(directory, name), text);
    await write("triton", `#!/bin/sh\nexec ${command} "$@"\n`);
    await Deno.chmod(join(directory, "triton"), 0o755);
    await write("triton.yaml", "clicks: { name: a }\nuser_activity: { name: b }\n");
    await write("other.yaml", "elsewhere: { name: c }\n");
    const colons = ["us:clicks", "eu:clicks", "eu:views:raw"];
    await write("colons.yaml", colons.map((name) => `"${name}": { name: d }\n`).join(""));
    await write("only_file.tri", "");
    const { code, stdout } = await runCommand(["completions", shell]);
    equal(code, 0);
    const script = join(directory, `completions.${shell}`);
    await Deno.writeTextFile(script, stdout);
    const env = {
      PATH: `${directory}:${Deno.env.get("PATH")}`,
      TRITON_CONFIG: join(directory, "triton.yaml"),
      TERM: "dumb",
    };
    await test(async (...lines) => {
      const [program, ...args] = SHELLS[shell]!(script, lines) as [string, ...string[]];
      const output = await new Deno.Command(program, { args, env, cwd: directory }).output();
      equal(new TextDecoder().decode(output.stderr), "");
      const offered = new TextDecoder().decode(output.stdout).split(/^--\n/m).slice(0, -1);
      return offered.map((text) =>
        text.split("\n").map((word) => word.trim()).filter((word) => word !== "").sort()
      );
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

for (const shell of Object.keys(SHELLS)) {
  if (!await isInstalled(shell)) {
    console.error(
      `\n!!! NOT TESTED: ${shell} is not on this machine, so nothing runs its completions\n`,
    );
    continue;
  }
  Deno.test(`${shell} completes commands, options, values and streams`, () =>
    withScript(shell, async (complete) => {
      const offered = await complete(...LINES.map(([line]) => line));
      deepStrictEqual(LINES.map(([line], at) => [line, ...offered[at]!]), LINES);
    }));
}

/** Lines that bash splits into more words than there are, and the completion of the last one. */
const BASH_LINES: readonly (readonly [line: string, ...offered: string[]])[] = [
  ["triton stats --format=c", "carbon"],
  ["triton stats --format=", "carbon", "json", "table"],
  ["triton stats --client-name=store --wa", "--watch"],
  ["triton store --config=other.yaml --stream ", "elsewhere"],
  ["triton store --config colons.yaml --stream ", "eu:clicks", "eu:views:raw", "us:clicks"],
  ["triton store --config colons.yaml --stream e", "eu:clicks", "eu:views:raw"],
  ["triton store --config colons.yaml --stream eu:", "clicks", "views:raw"],
  ["triton store --config colons.yaml --stream eu:c", "clicks"],
  ["triton store --config colons.yaml --stream eu:views:", "raw"],
  ["triton store --config colons.yaml --stream=eu:", "clicks", "views:raw"],
  ["triton store --config colons.yaml --stream=eu:views:r", "raw"],
  ["triton store --config colons.yaml --bucket s3://b --stream us:", "clicks"],
  ["triton store --checkpoint-db sqlite://a --skip", "--skip-to-latest"],
];

Deno.test("bash completes words that it splits, such as names with a colon", () =>
  withScript("bash", async (complete) => {
    const offered = await complete(...BASH_LINES.map(([line]) => line));
    deepStrictEqual(BASH_LINES.map(([line], at) => [line, ...offered[at]!]), BASH_LINES);
  }));

/** The names of the program, its commands and those below them, without `help`. */
async function commandPaths(): Promise<string[][]> {
  const names = (await allHelp()).map(({ command }) => command.split(" "));
  return [[], ...names.filter(([name]) => name !== "help")];
}

for (const shell of Object.keys(SHELLS)) {
  Deno.test(`the script for ${shell} knows every command and every option of the help`, async () => {
    const { stdout: script } = await runCommand(["completions", shell]);
    const commands = await commandPaths();
    ok(commands.length > 12, "too few commands were found");
    for (const path of commands) {
      const { stdout: help } = await runCommand([...path, "--help"]);
      for (const [, option] of help.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)) {
        const written = shell === "fish" ? `-l ${option} ` : `--${option}`;
        ok(script.includes(written), `${path.join(" ")} --${option}`);
      }
      ok(script.includes(path.at(-1) ?? "triton"), path.join(" "));
    }
  });
}

Deno.test("completions --streams prints the logical names of the configuration", async () => {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(path, "b: { name: x }\na b: { name: y }\n");
    const { stdout } = await runCommand(["completions", "--streams", "--config", path]);
    equal(stdout, "b\na b\n");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("completions needs a known shell", async () => {
  const none = await runCommand(["completions"]);
  deepStrictEqual([none.code, none.stdout], [2, ""]);
  match(none.stderr, /^triton: No shell: pass one of bash, zsh, fish\n/);
  const unknown = await runCommand(["completions", "tcsh"]);
  equal(unknown.code, 2);
  match(unknown.stderr, /Allowed choices are bash, zsh, fish/);
});
