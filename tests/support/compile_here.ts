/**
 * Compiles the executable on a machine that cannot reach Deno's own download host, with the arguments
 * of `deno task compile`.
 *
 * The first argument is the replacement for `deno compile`.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { bundle } from "../../.github/release/bundle.ts";
import { ROOT } from "../../.github/release/packages.ts";

await bundle();
const [, , ...args] = config.tasks.compile.command.split(" ");
const { success, stderr } = await new Deno.Command(Deno.args[0]!, { args, cwd: ROOT }).output();
if (!success) throw new Error(new TextDecoder().decode(stderr));
