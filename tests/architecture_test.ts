import { deepStrictEqual, ok } from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { readPage, readPages } from "./docs/markdown.ts";
import { codeOf, importsOf, ROOT } from "./support/imports.ts";

/** The floor of each room of src/; imports may only point to a lower floor, or stay in the room. */
const FLOORS: Readonly<Record<string, number>> = {
  base: 0,
  aws: 1,
  codec: 1,
  config: 1,
  http: 1,
  sql: 1,
  telemetry: 1,
  kinesis: 2,
  objects: 2,
  checkpoint: 2,
  archive: 3,
  shards: 3,
  ledger: 4,
  stream: 4,
  archiver: 5,
  history: 5,
  monitor: 6,
  testing: 6,
  cli: 7,
  exports: 8,
};

/** How large the house may grow. */
const LIMITS = { rooms: 24, arrows: 60, files: 16 };

/** Folders of tests/ that belong to no single room. */
const COMMON_TESTS = [
  ...["bench", "deploy", "docs", "e2e", "engines", "examples", "jsr", "memory", "model", "mutants"],
  ...["release", "simulation", "soak", "support", "testdata"],
];

const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.startsWith("codec/wasm/assembly/")) // AssemblyScript
  .map((name) => join("src", name));

/** The room a file of src/ lives in: "" for a file beside the rooms. */
function roomOf(path: string): string {
  const parts = path.split("/");
  return parts.length > 2 ? parts[1]! : "";
}

/**
 * Which room imports from which, such as `archive -> codec (23)`. `mod.ts` and `cli.ts` do not count.
 */
function arrowsBetweenRooms(): string[] {
  const imports = sources.flatMap((path) =>
    importsOf(path).files
      .filter((target) => roomOf(target) !== roomOf(path))
      .map((target) => `${roomOf(path)} -> ${roomOf(target)}`)
  );
  const arrows = Map.groupBy(imports, (arrow) => arrow);
  return [...arrows].map(([arrow, { length }]) => `${arrow} (${length})`).sort();
}

/** The names of the folders in a folder of the project. */
function foldersIn(path: string): string[] {
  const entries = readdirSync(join(ROOT, path), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name).sort();
}

Deno.test("every file of src/ is in a room that has a floor", () => {
  const unknown = sources.filter((path) => !(roomOf(path) in FLOORS));
  deepStrictEqual(unknown, []);
});

Deno.test("src/ stays within its limits", () => {
  const rooms = foldersIn("src");
  ok(rooms.length <= LIMITS.rooms, `${rooms.length} rooms: ${rooms.join(", ")}`);
  const arrows = arrowsBetweenRooms();
  ok(arrows.length <= LIMITS.arrows, `${arrows.length} arrows:\n${arrows.join("\n")}`);
  const sizes = Map.groupBy(sources, dirname);
  const tooFull = [...sizes].filter(([, files]) => files.length > LIMITS.files);
  deepStrictEqual(tooFull.map(([folder, { length }]) => `${folder}: ${length} files`), []);
});

Deno.test("the folders of tests/ are those of src/, and a few common ones", () => {
  const isMissing = (path: string) => !existsSync(join(ROOT, "src", path));
  const rooms = foldersIn("tests").filter((name) => !COMMON_TESTS.includes(name));
  const inside = rooms.flatMap((room) =>
    foldersIn(`tests/${room}`).map((name) => `${room}/${name}`)
  );
  deepStrictEqual([...rooms, ...inside].filter(isMissing), []);
});

Deno.test("imports of src/ point down, and never to another room on the same floor", () => {
  const wrong = sources.flatMap((path) =>
    importsOf(path).files
      .filter((target) => {
        const [from, to] = [roomOf(path), roomOf(target)];
        if (!target.startsWith("src/")) return true;
        return from !== to && FLOORS[to]! >= FLOORS[from]!;
      })
      .map((target) => `${path} -> ${target}`)
  );
  deepStrictEqual(wrong, []);
});

Deno.test("imports of src/ have no cycle", () => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
    } else if (!done.has(path)) {
      for (const target of importsOf(path).files) visit(target, [...trail, path]);
      done.add(path);
    }
  };
  for (const path of sources) visit(path, []);
  deepStrictEqual(cycles, []);
});

Deno.test("only cli.ts exits the process or touches the console", () => {
  const wrong = sources.filter((path) => {
    const code = codeOf(path).replace(/\/\/.*/g, "");
    return /\bDeno\.exit\b|\bprocess\.exit\b|\bconsole\.|\bDeno\.std(in|out|err)\b/.test(code);
  });
  deepStrictEqual(wrong, []);
});

const PAGE = readPage("docs/ARCHITECTURE.md");

Deno.test("docs/ARCHITECTURE.md shows the rooms of src/, each on its floor", () => {
  const floors = Object.entries(FLOORS).filter(([room]) => foldersIn("src").includes(room));
  const expected = Object.fromEntries(floors);
  const picture = [...PAGE.text.matchAll(/^ *subgraph floor(\d+).*\n([\s\S]*?)^ *end$/gm)];
  const drawn = picture.flatMap(([, floor, rooms]) =>
    rooms!.trim().split(/\s+/).map((room) => [room, Number(floor)])
  );
  deepStrictEqual(Object.fromEntries(drawn), expected);
  const rows = PAGE.text.matchAll(/^\| +(\d+) \| `(\w+)` +\|/gm);
  deepStrictEqual(
    Object.fromEntries([...rows].map(([, floor, room]) => [room, Number(floor)])),
    expected,
  );
});

Deno.test("the picture in docs/ARCHITECTURE.md has only existing arrows", () => {
  const drawn = [...PAGE.text.matchAll(/^ *(\w+) --> (\w+)$/gm)];
  const arrows = arrowsBetweenRooms().map((arrow) => arrow.replace(/ \(\d+\)$/, ""));
  const names = drawn.map(([, from, to]) => `${from} -> ${to}`);
  ok(names.length > 10, `${names.length} arrows were seen`);
  deepStrictEqual(names.filter((name) => !arrows.includes(name)), []);
});
Deno.test("files and folders in the documentation exist", () => {
  const exists = (path: string) => ["", "src"].some((root) => existsSync(join(ROOT, root, path)));
  const forDevelopers = ["docs/ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];
  const fromRoot = /^(src|tests|examples|bench|docs|\.github|\.ci)\//;
  const missing = readPages().filter(({ path }) => path !== "CHANGELOG.md").flatMap((page) => {
    const prose = page.text.replace(/^```[\s\S]*?^```$/gm, "");
    const names = [...prose.matchAll(/`([\w./-]+)`/g)].map(([, name]) => name!);
    const paths = forDevelopers.includes(page.path) ? /(\/|\.(ts|md|sh|json|yml))$/ : fromRoot;
    return names.filter((name) => paths.test(name) && !/NAME/.test(name) && !exists(name))
      .map((name) => `${page.path}: ${name}`);
  });
  deepStrictEqual(missing, []);
});

Deno.test("the glossary has at most 25 lines", () => {
  const lines = PAGE.text.split("## Glossary\n\n")[1]!.trim().split("\n");
  ok(lines.length <= 25, `${lines.length} lines`);
});
