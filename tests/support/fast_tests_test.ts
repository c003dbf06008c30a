import { match, ok, strictEqual } from "node:assert/strict";
import { testFiles, whySlow } from "./fast_tests.ts";

Deno.test("whySlow() finds servers and processes, directly and behind imports", () => {
  match(whySlow("tests/support/kinesalite.ts")!, /imports kinesalite$/);
  match(whySlow("tests/support/triton_process.ts")!, /triton_process\.ts starts processes$/);
  match(whySlow("tests/kinesis/kinesis_contract_servers_test.ts")!, /^tests\/support\//);
  strictEqual(whySlow("tests/kinesis/kinesis_contract_test.ts"), undefined);
});

Deno.test("most test files are fast, and none in the folders of real servers and processes", () => {
  const files = testFiles();
  const fast = files.filter((path) => whySlow(path) === undefined);
  ok(fast.length > files.length / 2, `${fast.length} of ${files.length} files`);
  const wrong = fast.filter((path) => /^tests\/(e2e|examples|jsr|mutants|memory)\//.test(path));
  strictEqual(wrong.join("\n"), "");
});
