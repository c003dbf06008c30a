/** The npm packages of a module graph, by name, in order. */
export interface LoadedPackages {
  /** Loaded as soon as the module is imported. */
  readonly atOnce: readonly string[];
  /** Loaded when something first needs them. */
  readonly later: readonly string[];
}

/** A module graph, as `deno info --json` prints it. */
export interface ModuleGraph {
  readonly roots: readonly string[];
  readonly redirects: Readonly<Record<string, string>>;
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly isDynamic?: boolean;
      /** Where code is imported from; missing if only types are. */
      readonly code?: { readonly specifier?: string; readonly error?: string };
    }[];
  }[];
}

/** Tells which packages a module graph loads, and when; types alone load nothing. */
export function loadedPackages(graph: ModuleGraph): LoadedPackages {
  const atOnce = packagesFrom(graph, false);
  return { atOnce, later: packagesFrom(graph, true).filter((name) => !atOnce.includes(name)) };
}

function packagesFrom(graph: ModuleGraph, dynamicToo: boolean): string[] {
  const modules = new Map(graph.modules.map((module) => [module.specifier, module]));
  const seen = new Set<string>();
  const visit = (specifier: string): void => {
    const target = graph.redirects[specifier] ?? specifier;
    if (seen.has(target)) return;
    seen.add(target);
    for (const { code, isDynamic } of modules.get(target)?.dependencies ?? []) {
      if (code === undefined || (isDynamic && !dynamicToo)) continue;
      if (code.specifier === undefined) {
        throw new Error(`Cannot load from ${target}: ${code.error}`);
      }
      visit(code.specifier);
    }
  };
  graph.roots.forEach(visit);
  const names = [...seen].map((specifier) =>
    /^npm:\/?(@[^/]+\/[^/@]+|[^/@]+)/.exec(specifier)?.[1]
  );
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}
