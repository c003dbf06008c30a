/**
 * Compiles the executable on a machine that cannot reach Deno's own download host.
 *
 * The first argument is the replacement for `deno compile`. It has no `--exclude-unused-npm`; without
 * the lock file it does not embed what only tests use.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { compiledFlags } from "./triton_command.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const stamp = await new Deno.Command(Deno.execPath(), { args: ["task", "stamp"], cwd: ROOT })
  .output();
if (!stamp.success) throw new Error(new TextDecoder().decode(stamp.stderr));

const { success, stderr } = await new Deno.Command(Deno.args[0]!, {
  args: [
    ...["--no-lock", "--no-check", "--no-prompt"],
    ...compiledFlags(),
    ...["--include", "dist/commit.txt", "--output", "dist/triton", "cli.ts"],
  ],
  cwd: ROOT,
}).output();
if (!success) throw new Error(new TextDecoder().decode(stderr));
