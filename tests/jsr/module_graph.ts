/**
 * What JSR works out of each module when a package is published: `moduleGraph2`.
 *
 * Deno takes a module's imports from there instead of parsing it. JSR has them from the same
 * analysis that `deno info` prints; this puts that into JSR's form.
 *
 * @module
 */

import { dirname, join } from "node:path";

type Position = readonly [line: number, character: number];

/** One import, in JSR's form; a range is that of the specifier with its quotes. */
type ModuleDependency =
  | {
    readonly type: "static";
    readonly kind: "import" | "importType" | "export" | "exportType";
    readonly specifier: string;
    readonly specifierRange: readonly [Position, Position];
  }
  | {
    readonly type: "dynamic";
    readonly argument: string;
    readonly argumentRange: readonly [Position, Position];
  };

/** Where a specifier stands, as `deno info --json` has it. */
interface Resolution {
  readonly span: Readonly<Record<"start" | "end", { line: number; character: number }>>;
}

/** What `deno info --json` tells of one module. */
interface ModuleInfo {
  readonly local?: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: Resolution;
    readonly type?: Resolution;
    readonly isDynamic?: boolean;
  }[];
}

/**
 * Analyses the modules of a package.
 *
 * @param files All files, by path.
 * @returns Each module's imports, by path.
 */
export async function moduleGraph(
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Record<string, { dependencies?: ModuleDependency[] }>> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    const modules = [...files.keys()].filter((path) => path.endsWith(".ts"));
    for (const [path, bytes] of files) {
      await Deno.mkdir(join(folder, dirname(path)), { recursive: true });
      await Deno.writeFile(join(folder, path), bytes);
    }
    const all = join(folder, "every module of the package.ts");
    await Deno.writeTextFile(all, modules.map((path) => `import ".${path}";\n`).join(""));
    const graph: Record<string, { dependencies?: ModuleDependency[] }> = {};
    for (const { local, dependencies } of await inspect(all)) {
      const path = local?.startsWith(folder) ? local.slice(folder.length) : "";
      if (!files.has(path)) continue;
      const lines = new TextDecoder().decode(files.get(path)).split("\n");
      const found = dependencies?.flatMap((dependency) => toDependencies(dependency, lines));
      graph[path] = found === undefined ? {} : { dependencies: found };
    }
    return graph;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function inspect(path: string): Promise<ModuleInfo[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-config", "--no-npm", "--no-remote", path],
  }).output();
  if (!success) throw new Error(`Cannot inspect modules: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout)).modules;
}

/** One specifier can be imported for its types, and loaded later. */
function toDependencies(
  { specifier, code, type, isDynamic }: NonNullable<ModuleInfo["dependencies"]>[number],
  lines: readonly string[],
): ModuleDependency[] {
  const found: ModuleDependency[] = [];
  if (type !== undefined && (code === undefined || isDynamic)) {
    const kind = `${keywordBefore(type, lines)}Type` as const;
    found.push({ type: "static", kind, specifier, specifierRange: rangeOf(type) });
  }
  if (code === undefined) return found;
  if (isDynamic) {
    found.push({ type: "dynamic", argument: specifier, argumentRange: rangeOf(code) });
  } else {
    const kind = keywordBefore(code, lines);
    found.push({ type: "static", kind, specifier, specifierRange: rangeOf(code) });
  }
  return found;
}

/** Whether the statement that a specifier ends begins with `import` or with `export`. */
function keywordBefore({ span }: Resolution, lines: readonly string[]): "import" | "export" {
  for (let line = span.start.line; line >= 0; line--) {
    const keyword = /^(import|export)\b/.exec(lines[line]!)?.[1];
    if (keyword !== undefined) return keyword as "import" | "export";
  }
  throw new Error(`Cannot find the statement before line ${span.start.line + 1}`);
}

function rangeOf({ span: { start, end } }: Resolution): readonly [Position, Position] {
  return [[start.line, start.character], [end.line, end.character]];
}
