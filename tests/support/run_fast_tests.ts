/**
 * Runs the fast tests: all of them (`deno task test:fast`), or those of some folders and files of
 * tests/ (`deno task test:fast archive cli/commands/ls`).
 *
 * The examples in doc comments, in the README and in docs/ run too, unless something is selected.
 *
 * @module
 */

import { ROOT } from "./imports.ts";
import { testFiles, whySlow } from "./fast_tests.ts";

const selected = Deno.args.map((name) =>
  `tests/${name.replace(/^tests\//, "").replace(/\/$/, "")}`
);
const files = testFiles().filter((path) =>
  selected.length === 0 || selected.some((name) => `${path}/`.startsWith(`${name}/`))
);
const slow = files.filter((path) => whySlow(path) !== undefined);
const fast = files.filter((path) => !slow.includes(path));
if (selected.length > 0 && slow.length > 0) {
  const run = `deno test -A ${slow.join(" ")}`;
  console.warn(`These need servers or processes and do not run here; to run them:\n${run}\n`);
}
if (fast.length === 0 && selected.length > 0) {
  console.error(`No fast tests in ${selected.join(" ")}`);
  Deno.exit(1);
}
const docs = selected.length === 0 ? ["--doc", "mod.ts", "src", "README.md", "docs"] : [];
const args = ["test", "--quiet", "--allow-all", "--parallel", ...docs, ...fast];
const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).spawn().status;
if (slow.length > 0) {
  console.log(`${slow.length} test files need servers or processes and did not run`);
}
Deno.exit(code);
