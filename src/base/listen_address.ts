/** Where a server listens. */
export interface ListenAddress {
  /** Name or IP address, without brackets. */
  readonly hostname: string;
  /** The port; 0 takes any that is free. */
  readonly port: number;
}

/**
 * Reads an address such as `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464`, or `:9464`, which is
 * loopback.
 *
 * @returns The address; undefined if it is none.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/@]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? NaN);
  if (match === null || port > 65_535) return undefined;
  return { hostname: match[1] ?? (match[2] || "127.0.0.1"), port };
}

/** Whether an address can be reached from this machine alone. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Host and port as a URL has them. */
export function formatAddress({ hostname, port }: ListenAddress): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/**
 * Whether a request may name its server so: by a name of its own, or by any IP address.
 *
 * A page of another site can have its own name point at this machine (DNS rebinding), and then
 * read what is served under that name. It cannot do so under an address.
 *
 * @param host The request's `Host`.
 * @param allowed The server's own names.
 */
export function isAllowedHost(host: string | null, allowed: ReadonlySet<string>): boolean {
  const name = /^(\[[0-9a-f:.]+\]|[^\s:[\]/@]+)(?::\d{1,5})?$/.exec((host ?? "").toLowerCase())
    ?.[1];
  // No URL has an address such as 999.1.1.1, or a port such as 99999.
  if (name === undefined || !URL.canParse(`http://${host}/`)) return false;
  return name.startsWith("[") || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name) ||
    name === "localhost" || allowed.has(name);
}
