import { ok } from "node:assert/strict";
import { join } from "node:path";
import { readPage, ROOT } from "./markdown.ts";
import { Shell } from "./shell.ts";
import { checkShown, shownCommands } from "./shown_output.ts";

/** What of the project a reader needs in the folder. */
const CLONE = ["cli.ts", "mod.ts", "deno.json", "deno.lock", "src", "examples", "tests"];

/** A `deno` whose local servers listen on free ports, so that tests can run side by side. */
const DENO = `#!/bin/sh
if [ "$*" = "task local" ]; then set -- task local --kinesis-port=0 --s3-port=0; fi
exec ${Deno.execPath()} "$@"
`;

/** A folder that looks like a fresh clone, and a `deno` before all others in the path. */
async function makeClone(): Promise<{ folder: string; env: Record<string, string> }> {
  const folder = await Deno.makeTempDir();
  for (const name of CLONE) await Deno.symlink(join(ROOT, name), join(folder, name));
  await Deno.mkdir(join(folder, "bin"));
  await Deno.writeTextFile(join(folder, "bin/deno"), DENO, { mode: 0o755 });
  return { folder, env: { NO_COLOR: "1", PATH: `${folder}/bin:${Deno.env.get("PATH")}` } };
}

/** Whether `triton store` has archived all events. */
function archivedAll(log: string): boolean {
  const counts = [...log.matchAll(/Archived \S+: (\d+) events/g)].map(([, count]) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0) === 1_709;
}

Deno.test("docs/getting-started.md: each command runs as it stands, and prints what is shown", async (t) => {
  const { folder, env } = await makeClone();
  try {
    await using servers = new Shell(folder, env);
    await using shell = new Shell(folder, env);
    const { blocks } = readPage("docs/getting-started.md");
    let commands = 0;
    for (const { language, text } of blocks) {
      if (text.startsWith("deno task local")) {
        await servers.start(text.trimEnd(), (output) => /\n {2}\. \S+\n/.test(output));
      } else if (language === "ts" && text.includes("openStream")) {
        await Deno.writeTextFile(join(folder, "strong.ts"), text);
      } else if (language === "sh") {
        const isStore = text.startsWith("triton store");
        const output = await shell.run(text.trimEnd(), isStore ? archivedAll : undefined);
        if (!isStore) checkShown(output, "");
      } else if (language === "console") {
        for (const { command, output } of shownCommands(text)) {
          commands++;
          await t.step(command, async () => checkShown(await shell.run(command), output));
        }
      }
    }
    ok(commands > 9, `${commands} commands ran`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
