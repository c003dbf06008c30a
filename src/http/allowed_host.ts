/**
 * Whether a request names the server in an allowed way: by one of its names, or by any IP address.
 *
 * A page of another site can make its own name resolve to this machine (DNS rebinding), and then
 * read what is served under that name. It cannot do so with an address.
 */
export function isAllowedHost(host: string | null, allowed: ReadonlySet<string>): boolean {
  const name = /^(\[[0-9a-f:.]+\]|[^\s:[\]/@]+)(?::\d{1,5})?$/.exec((host ?? "").toLowerCase())
    ?.[1];
  // Rejects addresses such as 999.1.1.1 and ports such as 99999.
  if (name === undefined || !URL.canParse(`http://${host}/`)) return false;
  return name.startsWith("[") || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name) ||
    name === "localhost" || allowed.has(name);
}
