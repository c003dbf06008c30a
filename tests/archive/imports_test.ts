import { deepStrictEqual, ok } from "node:assert/strict";

const ROOT = new URL("../..", import.meta.url).pathname;

/** What a module graph has to say here, as `deno info --json` prints it. */
interface ModuleGraph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly { readonly specifier: string; readonly isDynamic?: boolean }[];
  }[];
}

Deno.test("archive/mod.ts never loads the Kinesis client, and the S3 client only when it is needed", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "src/archive/mod.ts"],
    cwd: ROOT,
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as ModuleGraph;
  ok(modules.some(({ specifier }) => specifier.endsWith("src/objects/s3/s3_object_store.ts")));
  deepStrictEqual(modules.filter(({ specifier }) => specifier.includes("kinesis")), []);
  const [imported, opened] = await packagesLoaded();
  deepStrictEqual(imported.filter((path) => path.includes("@aws-sdk")), []);
  ok(opened.some((path) => path.includes("@aws-sdk")));
});

/** The files of npm packages that run on importing the entry point, and on opening S3 then. */
async function packagesLoaded(): Promise<[string[], string[]]> {
  const code = `
    import { createRequire } from "node:module";
    const { cache } = createRequire("${ROOT}deno.json");
    const { openObjectStore } = await import("${ROOT}src/archive/mod.ts");
    const imported = Object.keys(cache);
    await using _ = await openObjectStore("s3://bucket", { region: "eu-west-1" });
    console.log(JSON.stringify([imported, Object.keys(cache)]));
  `;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", `${ROOT}deno.json`, code],
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}
