/**
 * A copy of the project in which mutants are tried, one at a time.
 *
 * @module
 */

import { join } from "node:path";
import { type Mutant, mutate } from "./mutant.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Longest time for the tests of a mutant, in milliseconds. */
const LIMIT_MS = 240_000;

/**
 * What became of a mutant: tests failed; none did; they did not end; it does not compile, so that it
 * proves nothing; or the tests fail without it, too.
 */
export type Verdict = "caught" | "survived" | "hangs" | "does not compile" | "fails unchanged";

/** What a command ended with. */
interface Run {
  /** Undefined if it did not end in time. */
  readonly code: number | undefined;
  readonly text: string;
}

/** A copy of the project; disposing of it removes it. */
export class Workshop implements AsyncDisposable {
  readonly #folder: string;
  /** Tests that were seen to pass on the unchanged copy, each with its mutant's seeds. */
  readonly #sound = new Map<string, Promise<boolean>>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Copies what git knows of the project, and what is new in it. */
  static async open(): Promise<Workshop> {
    const folder = await Deno.makeTempDir({ prefix: "triton-mutants-" });
    const files = await run(ROOT, "git", ["ls-files", "-co", "--exclude-standard", "-z"]);
    if (files.code !== 0) throw new Error(`Cannot list the project's files: ${files.text}`);
    for (const file of new Set(files.text.split("\0"))) {
      if (file === "" || file.startsWith("docs/")) continue;
      await Deno.mkdir(join(folder, file, ".."), { recursive: true });
      await Deno.copyFile(join(ROOT, file), join(folder, file)).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error; // removed and not committed yet
      });
    }
    return new Workshop(folder);
  }

  /**
   * Changes the copy, runs the mutant's tests, and changes the copy back.
   *
   * @param mutant The mutant.
   * @param options With `isSound`, the tests are known to pass without the mutant.
   */
  async try(
    mutant: Mutant,
    options: { readonly isSound?: boolean } = {},
  ): Promise<Verdict> {
    if (options.isSound !== true && !await this.#isSound(mutant)) return "fails unchanged";
    const path = join(this.#folder, mutant.file);
    const source = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, mutate(source, mutant));
    try {
      if ((await this.#deno("check", "--quiet", mutant.file)).code !== 0) return "does not compile";
      const verdict = await this.#judge(mutant);
      return verdict === "hangs" && mutant.mayHang === true ? "caught" : verdict;
    } finally {
      await Deno.writeTextFile(path, source);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }

  #isSound(mutant: Mutant): Promise<boolean> {
    const key = `${mutant.tests.join(" ")} ${mutant.seeds}`;
    let sound = this.#sound.get(key);
    if (sound === undefined) {
      sound = this.#judge(mutant).then((verdict) => verdict === "survived");
      this.#sound.set(key, sound);
    }
    return sound;
  }

  async #judge({ tests, seeds }: Mutant): Promise<"caught" | "survived" | "hangs"> {
    const commands: string[][] = [];
    if (tests.length > 0) {
      commands.push(["test", "--quiet", "--allow-all", "--no-check", "--fail-fast", ...tests]);
    }
    if (seeds !== undefined) {
      const simulate = "tests/simulation/simulate.ts";
      commands.push(["run", "--no-check", "--allow-all", simulate, "--seeds", String(seeds)]);
    }
    for (const command of commands) {
      const { code } = await this.#deno(...command);
      if (code !== 0) return code === undefined ? "hangs" : "caught";
    }
    return "survived";
  }

  #deno(...args: string[]): Promise<Run> {
    return run(this.#folder, Deno.execPath(), args);
  }
}

async function run(cwd: string, command: string, args: string[]): Promise<Run> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const options = { args, cwd, signal, stdout: "piped", stderr: "piped" } as const;
  const { code, stdout, stderr } = await new Deno.Command(command, options).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout) + (code === 0 ? "" : decoder.decode(stderr));
  return { code: signal.aborted ? undefined : code, text };
}
