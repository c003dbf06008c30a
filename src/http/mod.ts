/**
 * A small HTTP server with limits.
 *
 * @module
 */

export type { HttpRequest, HttpResponse } from "./http_message.ts";
export { HttpServer, type HttpServerOptions, type Listener } from "./http_server.ts";
export { isAllowedHost } from "./allowed_host.ts";
