import { deepStrictEqual, ok } from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { main } from "../../src/cli/main.ts";
import { systemClock } from "../../src/base/clock.ts";
import { anchorsOf, localLinks, type Page, readPage, readPages, ROOT } from "./markdown.ts";

const PAGES = readPages();

Deno.test("Links in the documentation have targets", () => {
  const broken = PAGES.flatMap((page) =>
    localLinks(page)
      .filter(({ target, anchor }) => {
        if (!existsSync(join(ROOT, target))) return true;
        return anchor !== undefined && !anchorsOf(readPage(target)).includes(anchor);
      })
      .map(({ target, anchor }) => `${page.path}: ${target}#${anchor ?? ""}`)
  );
  deepStrictEqual(broken, []);
});

Deno.test("Every page is reachable from the README", () => {
  const reached = new Set(["README.md"]);
  for (const path of reached) {
    for (const { target } of localLinks(readPage(path))) {
      if (target.endsWith(".md")) reached.add(target);
    }
  }
  deepStrictEqual(PAGES.map(({ path }) => path).filter((path) => !reached.has(path)), []);
});

Deno.test("YAML and JSON in the documentation are valid", () => {
  const wrong: string[] = [];
  for (const { path, blocks } of PAGES) {
    for (const { language, text } of blocks) {
      try {
        if (language === "json") JSON.parse(text);
        if (language !== "yaml") continue;
        for (const { errors } of parseAllDocuments(text)) wrong.push(...errors.map(String));
      } catch (error) {
        wrong.push(`${path}: ${error}`);
      }
    }
  }
  deepStrictEqual(wrong, []);
});

/** What `triton ... --help` prints. */
async function helpOf(command: readonly string[]): Promise<string> {
  let text = "";
  const output = {
    isTerminal: false,
    write: (data: string | Uint8Array) => {
      text += typeof data === "string" ? data : new TextDecoder().decode(data);
      return Promise.resolve();
    },
  };
  await main([...command, "--help"], {
    env: {},
    stdin: new ReadableStream(),
    stdout: output,
    stderr: output,
    clock: systemClock,
    signal: new AbortController().signal,
  });
  return text;
}

/** The command lines of `triton` in blocks of code, with what belongs to them on further lines. */
function commandLines({ blocks }: Page): string[] {
  const shown = blocks.filter(({ language }) => /^(sh|console|ini|yaml|json)$/.test(language));
  return shown.flatMap(({ text }) => {
    const lines = text.replace(/\\\n\s*/g, " ").split("\n");
    const words = lines.map((line) =>
      line.replace(/"?(?:args|command)"?: \[(.*)\].*/, "triton $1")
    );
    return words.map((line) => line.replace(/[",]/g, " "))
      .flatMap((line) => line.split(/[|;]/))
      .filter((line) =>
        /(^|\s|bin\/)triton\s+[a-z]/.test(line) && !line.trimStart().startsWith("#")
      );
  });
}

Deno.test("Commands in the documentation exist, with their options", async () => {
  const wrong: string[] = [];
  let count = 0;
  for (const page of PAGES) {
    for (const line of commandLines(page)) {
      const [, rest] = /(?:^|\s|bin\/)triton\s+(.*)$/.exec(line)!;
      const [name, sub] = rest!.split(/\s+/);
      const command = name === "checkpoint" ? [name, sub!] : [name!];
      const help = await helpOf(command);
      for (const [option] of rest!.matchAll(/(?<=\s)--[a-z-]+/g)) {
        count++;
        if (!help.includes(`${option} `)) wrong.push(`${page.path}: ${line.trim()}: ${option}`);
      }
      if (!help.startsWith(`Usage: triton ${command.join(" ")}`) && name !== "store") {
        wrong.push(`${page.path}: ${line.trim()}`);
      }
    }
  }
  deepStrictEqual(wrong, []);
  ok(count > 20, `${count} options were seen`);
});

Deno.test("The replacements of go-triton's functions exist", () => {
  const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  const sources = files.filter((name) => name.endsWith(".ts"))
    .map((name) => Deno.readTextFileSync(join(ROOT, "src", name))).join("\n");
  const words = new Set(sources.match(/[A-Za-z]\w+/g));
  const { text } = readPage("docs/from-go-triton.md");
  const [, ...tables] = text.split(/^## .*library$/m);
  const rows = tables.flatMap((table) => table.match(/^\|.*\|$/gm) ?? []);
  const names = rows.flatMap((row) => {
    const code = [...row.split("|")[2]!.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
    return code.flatMap((code) => code.replace(/"[^"]*"/g, "").match(/[A-Za-z]\w{3,}/g) ?? []);
  });
  ok(names.length > 80, `${names.length} names were seen`);
  const others = ["await", "event", "number"];
  deepStrictEqual(names.filter((name) => !words.has(name) && !others.includes(name)), []);
});
