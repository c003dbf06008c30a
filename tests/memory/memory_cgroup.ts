/**
 * Limits to the memory of a process.
 *
 * @module
 */

const ROOT = "/sys/fs/cgroup";

/** A control group with one process in it. */
export class MemoryCgroup implements AsyncDisposable {
  readonly #path: string | undefined;
  static #isWarned = false;

  private constructor(path: string | undefined) {
    this.#path = path;
  }

  /**
   * Puts a process under a limit, by cgroups of version 1 or 2; where those cannot be written, a warning
   * says so, and the process has none.
   */
  static async of(pid: number, mib: number): Promise<MemoryCgroup> {
    const isV1 = await exists(`${ROOT}/memory/memory.limit_in_bytes`);
    const path = `${ROOT}/${isV1 ? "memory/" : ""}triton-test-${pid}`;
    try {
      await Deno.mkdir(path);
      const limit = isV1 ? "memory.limit_in_bytes" : "memory.max";
      await Deno.writeTextFile(`${path}/${limit}`, String(mib << 20), { create: false });
      await Deno.writeTextFile(`${path}/cgroup.procs`, String(pid), { create: false });
      return new MemoryCgroup(path);
    } catch (error) {
      await Deno.remove(path).catch(() => {});
      if (!MemoryCgroup.#isWarned) {
        console.error(`WARNING: no cgroup can be written here, memory is only measured: ${error}`);
      }
      MemoryCgroup.#isWarned = true;
      return new MemoryCgroup(undefined);
    }
  }

  /** Removes the group, once its process has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#path !== undefined) await Deno.remove(this.#path).catch(() => {});
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
