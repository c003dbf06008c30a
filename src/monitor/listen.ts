import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { formatAddress, isLoopback, type ListenAddress } from "../base/listen_address.ts";
import { type HttpRequest, type HttpResponse, HttpServer } from "../http/mod.ts";

const log = getLogger(["triton", "monitor"]);

/** What a monitor listens with. */
export interface ListenOptions {
  readonly address: ListenAddress;
  readonly clock: Clock;
  readonly answer: (request: HttpRequest) => Promise<HttpResponse>;
}

/**
 * Starts a server, and logs where it is and who can reach it.
 *
 * @throws {TritonError} If the address is in use or cannot be listened on.
 */
export function listen(options: ListenOptions): HttpServer {
  const server = new HttpServer(options);
  const url = urlOf(server);
  log.info("Serving status and metrics on {url}", { event: "monitor.started", url });
  if (!isLoopback(options.address.hostname)) {
    log.warn("{url} is open to everyone who can reach this machine", {
      event: "monitor.exposed",
      url,
    });
  }
  return server;
}

/** The URL of a server, with the actual port. */
export function urlOf(server: HttpServer): string {
  return `http://${formatAddress(server.address)}/`;
}

/** The names that a server answers to: its own, and others in any case of letters. */
export function hostNames(
  { hostname }: ListenAddress,
  others: readonly string[],
): ReadonlySet<string> {
  return new Set([hostname, ...others].map((name) => name.toLowerCase()));
}
