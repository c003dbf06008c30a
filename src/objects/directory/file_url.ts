import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Finds the directory that a `file:` URL names.
 *
 * @param url `file:///path`, or `file:path` for one that is relative.
 * @param cwd The base of a relative path. Default: the working directory.
 * @throws {TypeError} If it names no directory.
 */
export function pathOfFileUrl(url: string, cwd?: string): string {
  const refuse = (why: string): never => {
    throw new TypeError(`Cannot open object store ${JSON.stringify(url)}: ${why}`);
  };
  const path = url.slice("file:".length);
  if (path === "") return refuse("it has no path");
  const host = /^\/\/([^/]*)/.exec(path)?.[1]?.toLowerCase() ?? "";
  if (host !== "" && host !== "localhost") {
    return refuse("it names a host; write file:///DIR, or file:DIR for a relative one");
  }
  if (/%(?![\da-f]{2})/i.test(path)) return refuse('it has a "%" that begins no escape; write %25');
  if (path.includes("\0") || path.includes("%00")) return refuse("it has a NUL");
  try {
    return path.startsWith("/") ? fileURLToPath(url) : resolve(cwd ?? "", decodeURIComponent(path));
  } catch {
    return refuse("its escapes are not UTF-8, or hide a slash");
  }
}
