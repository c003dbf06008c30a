import { equal } from "node:assert/strict";
import { readPage, ROOT } from "../docs/markdown.ts";

/** What differs from run to run: times, ids, sizes, and which shard's event comes first. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/^\d{4}-\d\d-\d\dT[\d:]+Z/gm, "<time>"],
  [/worker [0-9a-f]{32}/g, "worker <id>"],
  [/\b20\d{6}\b/g, "<day>"],
  [/(<time> info {4}Archived <day>\/earthquakes_prod-store-.*\n)+/g, "<one file or more>\n"],
  [/\.age \d+ \d{10}$/gm, ".age <age> <seconds>"],
  [/^(\{"type":"Feature","properties":\{"mag":).*$/gm, "$1<event>"],
];

function withoutVarying(text: string): string {
  return VARYING.reduce((text, [pattern, name]) => text.replace(pattern, name), text).trimEnd();
}

Deno.test("README shows what the demo prints", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "demo"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const printed = new TextDecoder().decode(stdout);
  equal(code, 0, printed + new TextDecoder().decode(stderr));
  const block = readPage("README.md").blocks.find(({ text }) =>
    text.startsWith("$ deno task demo")
  )!;
  equal(withoutVarying(printed), withoutVarying(block.text.replace(/^.*\n/, "")));
});
