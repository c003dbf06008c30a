/**
 * Addresses that servers listen on.
 *
 * @module
 */

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
