/**
 * A small HTTP server with limits.
 *
 * @module
 */

export type { HttpAnswer, HttpRequest } from "./http_message.ts";
export { HttpServer, type HttpServerOptions, type Listener } from "./http_server.ts";
export {
  formatAddress,
  isAllowedHost,
  isLoopback,
  type ListenAddress,
  parseListenAddress,
} from "../base/listen_address.ts";
