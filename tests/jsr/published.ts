/**
 * This package as users get it: published to a stand-in of JSR, used from an empty folder.
 *
 * @module
 */

import { join } from "node:path";
import { JsrRegistry } from "./jsr_registry.ts";
import config from "../../deno.json" with { type: "json" };

const ROOT = new URL("../..", import.meta.url).pathname;

/** What a process leaves. */
export interface ProcessResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A registry with this package in it, and an empty folder with an empty cache.
 *
 * npm packages are what this project's lock file says, and come from the cache of whoever runs the
 * tests: they were downloaded to run these, so nothing but 127.0.0.1 is asked for.
 */
export class PublishedPackage implements AsyncDisposable {
  readonly #registry = new JsrRegistry();
  readonly #folder = Deno.makeTempDirSync();
  readonly #cache = Deno.makeTempDirSync();

  /** Publishes the package as it stands in the working copy. */
  static async publish(): Promise<PublishedPackage> {
    const published = new PublishedPackage();
    const { code, stderr } = await published.#run(
      ["publish", "--token=stand-in", "--allow-dirty", "--no-check", "--no-provenance"],
      { cwd: ROOT, cache: undefined },
    );
    if (code !== 0) throw new Error(`Cannot publish: ${stderr}`);
    await published.#shareNpm();
    return published;
  }

  /** The files as they are published, by path. */
  get files(): ReadonlyMap<string, Uint8Array> {
    return this.#registry.files(config.name, config.version);
  }

  /** Writes a file into the folder. */
  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(join(this.#folder, name), text);
  }

  /** Adds a package to the folder's configuration, without asking npm for its newest version. */
  async addImport(name: string, specifier: string): Promise<void> {
    const path = join(this.#folder, "deno.json");
    const settings = JSON.parse(await Deno.readTextFile(path));
    const imports = { ...settings.imports, [name]: specifier };
    await Deno.writeTextFile(path, JSON.stringify({ ...settings, imports }));
  }

  /** Runs Deno in the folder. */
  deno(...args: string[]): Promise<ProcessResult> {
    return this.#run(args, { cwd: this.#folder, cache: this.#cache });
  }

  /** Stops the registry, removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
    await Deno.remove(this.#cache, { recursive: true });
  }

  async #shareNpm(): Promise<void> {
    const { stdout } = await this.#run(["info", "--json"], { cwd: ROOT, cache: undefined });
    await Deno.symlink(JSON.parse(stdout).npmCache, join(this.#cache, "npm"));
    const lock = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.lock")));
    delete lock.workspace;
    await this.write("deno.lock", JSON.stringify(lock));
    await this.write("deno.json", "{}");
  }

  async #run(
    args: string[],
    { cwd, cache }: { readonly cwd: string; readonly cache: string | undefined },
  ): Promise<ProcessResult> {
    const env: Record<string, string> = { JSR_URL: this.#registry.url, NO_COLOR: "1" };
    if (cache !== undefined) env.DENO_DIR = cache;
    const options = { args, cwd, env, stdin: "null" } as const;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), options).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }
}
