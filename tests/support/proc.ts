/**
 * What Linux tells of a process.
 *
 * @module
 */

/**
 * Memory of a process in MB.
 *
 * @param pid Its id.
 * @param field `"VmRSS"` is what is resident now, `"VmHWM"` the most that ever was.
 * @returns 0 once the process has ended.
 */
export function memoryMb(pid: number, field: "VmHWM" | "VmRSS"): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    const match = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status);
    return match === null ? 0 : Number(match[1]) * 1024 / 1e6;
  } catch {
    return 0;
  }
}

/** How many files, sockets and the like a process has open; 0 once it has ended. */
export function openHandles(pid: number): number {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  } catch {
    return 0;
  }
}
