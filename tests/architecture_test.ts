import { deepStrictEqual } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const ROOT = new URL("..", import.meta.url).pathname;

/** The floor of each room of src/; imports may only point to a lower floor, or stay in the room. */
const FLOORS: Readonly<Record<string, number>> = {
  base: 0,
  aws: 1,
  codec: 1,
  config: 1,
  http: 1,
  telemetry: 1,
  kinesis: 2,
  objects: 2,
  checkpoint: 2,
  stream: 3,
  archive: 3,
  archiver: 4,
  history: 4,
  monitor: 5,
  testing: 5,
  cli: 6,
};

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;"']*?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g;

/** The relative imports of a source file, types and dynamic ones included, as paths from the root. */
function importsOf(path: string): string[] {
  const code = readFileSync(join(ROOT, path), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  return [...code.matchAll(IMPORT)]
    .map((match) => match[1] ?? match[2]!)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => normalize(join(dirname(path), specifier)));
}

const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.startsWith("codec/wasm/assembly/")) // AssemblyScript
  .map((name) => join("src", name));

/** The room a file of src/ lives in: "" for a file beside the rooms. */
function roomOf(path: string): string {
  const parts = path.split("/");
  return parts.length > 2 ? parts[1]! : "";
}

Deno.test("src/ has only the rooms of the design", () => {
  const unknown = sources.map(roomOf).filter((room) => !(room in FLOORS));
  deepStrictEqual([...new Set(unknown)], []);
});

Deno.test("imports of src/ point down, and never to another room on the same floor", () => {
  const wrong = sources.flatMap((path) =>
    importsOf(path)
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
      for (const target of importsOf(path)) visit(target, [...trail, path]);
      done.add(path);
    }
  };
  for (const path of sources) visit(path, []);
  deepStrictEqual(cycles, []);
});

Deno.test("only cli.ts exits the process or touches the console", () => {
  const wrong = sources.filter((path) => {
    const code = readFileSync(join(ROOT, path), "utf8")
      .replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*/g, "");
    return /\bDeno\.exit\b|\bprocess\.exit\b|\bconsole\.|\bDeno\.std(in|out|err)\b/.test(code);
  });
  deepStrictEqual(wrong, []);
});
