import { deepStrictEqual, equal, match, rejects } from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { VirtualClock } from "../../src/base/clock.ts";
import { readLog } from "../support/read_log.ts";
import { type HttpRequest, HttpServer, type HttpServerOptions } from "../../src/http/mod.ts";
import { untilTrue, within } from "../support/within.ts";

const ADDRESS = { hostname: "127.0.0.1", port: 0 };

const echo = ({ method, path, host }: HttpRequest) => ({
  status: 200,
  headers: { "content-type": "text/plain" },
  body: `${method} ${path} ${host}`,
});

function serve(options: Partial<HttpServerOptions> = {}): HttpServer {
  return new HttpServer({ address: ADDRESS, answer: echo, clock: new VirtualClock(), ...options });
}

/** A connection to a server, which is open when this returns. */
async function open({ address: { port } }: HttpServer): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {}); // cut off
  await once(socket, "connect");
  return socket;
}

/** Everything that the server sends until it closes the connection. */
async function ask(server: HttpServer, request: string): Promise<string> {
  const socket = await open(server);
  socket.write(request.replaceAll("\n", "\r\n"));
  let answer = "";
  for await (const part of socket) answer += part;
  return answer;
}

const GET = "GET /a?b=c HTTP/1.1\nHost: here:1\nConnection: close\n\n";

Deno.test("HttpServer responds with length, date and connection, and without a body to HEAD", async () => {
  await using server = serve();
  match(
    await ask(server, GET),
    /^HTTP\/1\.1 200 OK\r\ncontent-type: text\/plain\r\ncontent-length: 13\r\nconnection: close\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\nGET \/a here:1$/,
  );
  match(await ask(server, GET.replace("GET", "HEAD")), /content-length: 14\r\n[^]*\r\n\r\n$/);
});

Deno.test("HttpServer answers several requests on one connection, also if they come at once", async () => {
  await using server = serve();
  const keep = "GET /1 HTTP/1.1\nHost: a\n\n";
  const answers = (await ask(server, keep + keep + GET)).match(/GET \/\w+/g);
  deepStrictEqual(answers, ["GET /1", "GET /1", "GET /a"]);
});

Deno.test("HttpServer accepts HTTP/1.0 without a Host, and absolute URLs", async () => {
  await using server = serve();
  match(await ask(server, "OPTIONS / HTTP/1.0\n\n"), /\r\n\r\nOPTIONS \/ undefined$/);
  match(await ask(server, GET.replace("/a?b=c", "http://x.y/z?q")), /\r\n\r\nGET \/z here:1$/);
});

Deno.test("HttpServer reads no body, and closes the connection of a request with one", async () => {
  await using server = serve();
  const body = "x".repeat(100_000);
  const post = `POST /p HTTP/1.1\nHost: a\nContent-Length: ${body.length}\n\n`;
  match(await ask(server, post), /connection: close\r\n[^]*POST \/p a$/);
  match(
    await ask(server, "POST /p HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n"),
    /connection: close\r\n[^]*POST \/p a$/,
  );
});

for (
  const [what, request, status] of [
    ["no HTTP", "\x16\x03\x01 hello\n\n", 400],
    ["HTTP/1.1 without a Host", "GET / HTTP/1.1\n\n", 400],
    ["two Hosts", "GET / HTTP/1.1\nHost: a\nHost: b\n\n", 400],
    ["two lengths", "POST / HTTP/1.1\nHost: a\nContent-Length: 9\nContent-Length: 0\n\n", 400],
    ["a length that is none", "POST / HTTP/1.1\nHost: a\nContent-Length: 0x0\n\n", 400],
    ["an empty length", "POST / HTTP/1.1\nHost: a\nContent-Length:\n\n", 400],
    ["a header without a colon", "GET / HTTP/1.1\nHost: a\nwhat\n\n", 400],
    ["a path that is none", "GET nowhere HTTP/1.1\nHost: a\n\n", 400],
    ["a head of 20 KB", `GET / HTTP/1.1\nHost: a\nX: ${"x".repeat(20_000)}`, 431],
  ] as const
) {
  Deno.test(`HttpServer rejects ${what} with ${status}, and closes the connection`, async () => {
    await using server = serve();
    match(await ask(server, request), new RegExp(`^HTTP/1\\.1 ${status} .*\r\n`));
  });
}

Deno.test("HttpServer responds with 500 if the handler fails", async () => {
  await using server = serve({ answer: () => Promise.reject(new Error("a secret")) });
  const answer = await ask(server, GET);
  match(answer, /^HTTP\/1\.1 500 /);
  equal(answer.includes("secret"), false);
});

Deno.test("HttpServer disconnects a client whose request is incomplete after 20 s, even if it trickles", async () => {
  const clock = new VirtualClock();
  await using server = serve({ clock });
  const socket = await open(server);
  const closed = once(socket, "close");
  socket.write("GET / HTTP/1.1\r\n");
  await untilTrue(() => server.connections === 1, "the connection to be taken");
  await clock.advance(19_999);
  equal(server.connections, 1);
  socket.write("Host: a\r\n");
  await clock.advance(1);
  await within(closed, "the connection to be cut");
});

Deno.test("HttpServer closes the connections that wait longest if there are too many", async () => {
  await using server = serve({ maxConnections: 3 });
  const sockets = [await open(server), await open(server), await open(server)];
  await untilTrue(() => server.connections === 3, "three connections");
  const closed = once(sockets[0]!, "close");
  match(await ask(server, GET), /^HTTP\/1\.1 200 /);
  await within(closed, "the first to be closed");
  deepStrictEqual(sockets.map((socket) => socket.destroyed), [true, false, false]);
  for (const socket of sockets) socket.destroy();
});

Deno.test("HttpServer rejects more connections if all are being answered", async () => {
  const released = Promise.withResolvers<void>();
  await using server = serve({
    maxConnections: 1,
    answer: async (request) => {
      await released.promise;
      return echo(request);
    },
  });
  const first = ask(server, GET);
  await untilTrue(() => server.connections === 1, "a connection");
  await within(once(await open(server), "close"), "the second to be closed");
  released.resolve();
  match(await first, /^HTTP\/1\.1 200 /);
});

Deno.test("HttpServer restarts after a failure, with growing pauses", async () => {
  const clock = new VirtualClock();
  const records = await readLog(async () => {
    let failures = 0;
    await using server = serve({
      clock,
      listen: (address) => {
        // The third time it does not even listen.
        if (++failures === 3) throw new Deno.errors.AddrInUse("in use");
        const listener = Deno.listen(address);
        const accept = () =>
          failures < 5 ? Promise.reject(new Error("too many open files")) : listener.accept();
        return { addr: listener.addr, accept, close: () => listener.close() };
      },
    });
    for (const delayMs of [200, 400, 800, 1_600]) await clock.advance(delayMs);
    match(await ask(server, GET), /^HTTP\/1\.1 200 /);
  });
  deepStrictEqual(records.map(({ event, delayMs }) => [event, delayMs]), [
    ["server.failed", 200],
    ["server.failed", 400],
    ["server.failed", 800],
    ["server.failed", 1_600],
  ]);
});

Deno.test("HttpServer that failed stops immediately when it is disposed", async () => {
  const server = serve({
    listen: (address) => {
      const listener = Deno.listen(address);
      const accept = () => Promise.reject(new Error("too many open files"));
      return { addr: listener.addr, accept, close: () => listener.close() };
    },
  });
  await server[Symbol.asyncDispose]();
  await rejects(open(server), { code: "ECONNREFUSED" });
});
