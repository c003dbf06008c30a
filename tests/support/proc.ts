/**
 * Reads `/proc` of a process on Linux.
 *
 * @module
 */

/**
 * Memory of a process in MB.
 *
 * @param pid Its ID.
 * @param field `"VmRSS"` is the current resident memory, `"VmHWM"` its peak.
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

/** Number of open files and sockets of a process; 0 after it has ended. */
export function openHandles(pid: number): number {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  } catch {
    return 0;
  }
}

/** The processes that a process has started, and that are still running. */
export function childrenOf(pid: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
  return text.split(" ").filter((id) => id !== "").map(Number);
}
