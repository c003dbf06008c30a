/** The device number of `/dev/null` on Linux: major 1, minor 3. */
const LINUX_NULL = 0x103;

/**
 * Whether an open file accepts each write completely, or the write fails: a regular file, or Linux's
 * null device. A pipe, socket or terminal may accept a part, if it is non-blocking.
 *
 * Needs no permission.
 *
 * @param fd Number of the file, for example 1 for standard output.
 */
export async function acceptsAll(fd: number): Promise<boolean> {
  const { fstatSync } = await import("node:fs");
  try {
    const stat = fstatSync(fd);
    return stat.isFile() || (Deno.build.os === "linux" && stat.rdev === LINUX_NULL);
  } catch {
    return false; // it is closed
  }
}
