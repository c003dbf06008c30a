import { equal } from "node:assert/strict";
import { join } from "node:path";
import { LocalServers } from "../examples/local_servers.ts";
import { readPage, ROOT } from "./markdown.ts";

/** One command of a block, and what the page says that it prints. */
interface ShownCommand {
  readonly command: string;
  readonly output: string;
}

function shownCommands(block: string): ShownCommand[] {
  return block.split(/^\$ /m).slice(1).map((part) => {
    const [command, ...output] = part.split("\n");
    return { command: command!, output: output.join("\n") };
  });
}

/** Whether output is what was shown; `...` stands for anything, as long as it is on one line. */
function matches(output: string, shown: string): boolean {
  const parts = shown.split("...").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(output);
}

Deno.test("docs/getting-started.md shows the real output, step by step", async (t) => {
  await using servers = await LocalServers.start();
  // What the page has put into the reader's shell, in a folder that is not the project's.
  const setup = `. ${servers.folder}/local/env
triton() { deno run --quiet --allow-all ${ROOT}cli.ts "$@"; }
deno() { if [ "$1" = run ]; then shift; set -- run --quiet --config ${ROOT}deno.json "$@"; fi
  ${Deno.execPath()} "$@"; }
`;
  const run = async (command: string): Promise<string> => {
    const { stdout } = await new Deno.Command("bash", {
      args: ["-c", `exec 2>&1; ${setup}${command}`],
      cwd: servers.folder,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    return new TextDecoder().decode(stdout);
  };
  const { blocks } = readPage("docs/getting-started.md");
  const program = blocks.find(({ language }) => language === "ts")!;
  await Deno.writeTextFile(join(servers.folder, "strong.ts"), program.text);
  for (const { language, text } of blocks) {
    if (language === "sh" && text.includes("triton store")) {
      await t.step("the archive", () => servers.store(1_709).then(() => {}));
    }
    if (language !== "console") continue;
    for (const { command, output } of shownCommands(text)) {
      await t.step(command, async () => {
        const printed = await run(command);
        if (!matches(printed, output)) equal(printed, output);
      });
    }
  }
});
