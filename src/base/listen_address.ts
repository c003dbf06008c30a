/** The address a server listens on. */
export interface ListenAddress {
  /** Host name or IP address, without brackets. */
  readonly hostname: string;
  /** The port; 0 picks a free one. */
  readonly port: number;
}

/**
 * Parses an address such as `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464`, or `:9464`, which is
 * the loopback address.
 *
 * @returns The address; undefined if it is invalid.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/@]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? NaN);
  if (match === null || port > 65_535) return undefined;
  return { hostname: match[1] ?? (match[2] || "127.0.0.1"), port };
}

/** Whether an address can be reached only from this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Formats host and port for a URL. */
export function formatAddress({ hostname, port }: ListenAddress): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
