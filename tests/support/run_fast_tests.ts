/**
 * Runs the fast tests: `deno task test:fast`, or those of some folders: `deno task test:fast archive`.
 *
 * The examples in doc comments, in the README and in docs/ run too, unless folders are named.
 *
 * @module
 */

import { ROOT } from "./imports.ts";
import { testFiles, whySlow } from "./fast_tests.ts";

const folders = Deno.args.map((name) =>
  `tests/${name.replace(/^tests\//, "").replace(/\/$/, "")}/`
);
const chosen = testFiles().filter((path) =>
  folders.length === 0 || folders.some((folder) => path.startsWith(folder))
);
const fast = chosen.filter((path) => whySlow(path) === undefined);
console.log(
  `${fast.length} fast test files; ${chosen.length - fast.length} need servers or processes`,
);
const docs = folders.length === 0 ? ["--doc", "mod.ts", "src", "README.md", "docs"] : [];
const args = ["test", "--quiet", "--allow-all", "--parallel", ...docs, ...fast];
const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).spawn().status;
Deno.exit(code);
