import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { HttpPool, type HttpPoolOptions } from "../../src/http/http_pool.ts";

/** A server that hands every request to `answer`, as its text. */
async function serve(
  answer: (text: string, socket: Socket) => void,
  options: Partial<HttpPoolOptions> = {},
) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {}).on("data", (bytes) => answer(bytes.toString("latin1"), socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const pool = new HttpPool({
    ...{ protocol: "http:", hostname: "127.0.0.1", port, maxConnections: 4 },
    ...{ connectTimeoutMs: 10_000, silenceTimeoutMs: 10_000 },
    ...options,
  });
  return {
    pool,
    sockets,
    [Symbol.dispose]() {
      pool.close();
      for (const socket of sockets) socket.destroy();
      server.close(); // Deno 2.4 does not tell when that is done
    },
  };
}

const get = (path: string) => ({ method: "GET", path, headers: { host: "here" } });
const sized = (body: string, ...headers: string[]) =>
  ["HTTP/1.1 200 OK", `content-length: ${body.length}`, ...headers, "", body].join("\r\n");
const read = async (pool: HttpPool, path = "/", signal?: AbortSignal) => {
  const { body } = await pool.send(get(path), signal);
  return String.fromCharCode(...(await Array.fromAsync(body)).flatMap((chunk) => [...chunk]));
};

Deno.test("HttpPool sends requests over the same connection, one after the other", async () => {
  const asked: string[] = [];
  using running = await serve((text, socket) => {
    asked.push(text);
    socket.write(sized(`body of ${text.split(" ")[1]}`));
  });
  for (const path of ["/a", "/b"]) equal(await read(running.pool, path), `body of ${path}`);
  deepEqual(asked, ["/a", "/b"].map((path) => `GET ${path} HTTP/1.1\r\nhost: here\r\n\r\n`));
  equal(running.sockets.length, 1);
});

Deno.test("HttpPool opens so many connections and no more; who is left waits", async () => {
  const held: (() => void)[] = [];
  let [busy, most] = [0, 0];
  using running = await serve((_, socket) => {
    most = Math.max(most, ++busy);
    held.push(() => {
      busy--;
      socket.write(sized("x"));
    });
    if (held.length === 4) { for (const answer of held.splice(0)) answer(); }
  });
  const bodies = await Promise.all(Array.from({ length: 20 }, () => read(running.pool)));
  deepEqual([bodies.join(""), most, running.sockets.length], ["x".repeat(20), 4, 4]);
});

Deno.test("HttpPool gives a place up that nobody waits for any more", async () => {
  const held: Socket[] = [];
  using running = await serve((_, socket) => held.push(socket), { maxConnections: 1 });
  const first = read(running.pool);
  const stop = new AbortController();
  const second = read(running.pool, "/", stop.signal);
  const third = read(running.pool);
  stop.abort(new Error("enough"));
  await rejects(second, { message: "enough" });
  while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
  held[0]!.on("data", () => held[0]!.write(sized("3")));
  held[0]!.write(sized("1"));
  deepEqual(await Promise.all([first, third]), ["1", "3"]);
});

Deno.test("HttpPool opens a new connection where the old one is closed", async () => {
  using running = await serve((text, socket) => {
    if (text.includes("/last")) socket.write(sized("x", "connection: close"));
    else if (text.includes("/end")) socket.end("HTTP/1.1 200 OK\r\n\r\nup to here");
    else socket.write(sized("x"));
  });
  equal(await read(running.pool, "/last"), "x");
  equal(await read(running.pool, "/end"), "up to here");
  equal(await read(running.pool), "x");
  equal(running.sockets.length, 3);
  running.sockets[2]!.end();
  // A request that meets the end on its way fails; the next one does not.
  const again = await read(running.pool).catch(({ code }) => {
    equal(code, "ECONNRESET");
    return read(running.pool);
  });
  equal(again, "x");
  equal(running.sockets.length, 4);
});

Deno.test("HttpPool says that a connection was lost, before and in the body", async () => {
  using running = await serve((text, socket) => {
    if (text.includes("/none")) socket.end();
    if (text.includes("/cut")) socket.destroy();
    if (text.includes("/half")) socket.end(sized("12345").slice(0, -2));
    if (text.includes("/chunk")) {
      socket.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n");
    }
    if (text.includes("/garbage")) socket.write("220 smtp.example.com ready\r\n\r\n");
  });
  for (const path of ["/none", "/cut", "/half", "/chunk"]) {
    await rejects(read(running.pool, path), { code: "ECONNRESET" }, path);
  }
  await rejects(read(running.pool, "/garbage"), { name: "HttpSyntaxError" });
});

Deno.test("HttpPool says that nobody is there", async () => {
  let options: HttpPoolOptions;
  {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    options = {
      ...{ protocol: "http:", hostname: "127.0.0.1", port, maxConnections: 1 },
      ...{ connectTimeoutMs: 10_000, silenceTimeoutMs: 10_000 },
    };
    server.close();
  }
  await rejects(read(new HttpPool(options)), { code: "ECONNREFUSED" });
  const unknown = new HttpPool({ ...options, hostname: "triton.invalid" });
  await rejects(read(unknown), ({ code }) => ["ENOTFOUND", "EAI_AGAIN"].includes(code));
});

Deno.test("HttpPool gives up on a server that is silent, before and in the body", async () => {
  using running = await serve((text, socket) => {
    if (text.includes("/half")) socket.write(sized("12345").slice(0, -2));
  }, { silenceTimeoutMs: 20 });
  for (const path of ["/none", "/half"]) {
    await rejects(read(running.pool, path), {
      name: "TimeoutError",
      message: "Nothing came from the server for 20 ms",
    });
  }
});

Deno.test("HttpPool ends a request, and its body, when the signal aborts", async () => {
  const stop = [new AbortController(), new AbortController()];
  const reason = new Error("enough");
  using running = await serve((text, socket) => {
    if (text.includes("/none")) stop[0]!.abort(reason);
    if (text.includes("/half")) socket.write(sized("12345").slice(0, -2));
    if (text.includes("/whole")) socket.write(sized("x"));
  });
  await rejects(read(running.pool, "/none", stop[0]!.signal), reason);
  const { body } = await running.pool.send(get("/half"), stop[1]!.signal);
  equal((await body.next()).value?.length, 3);
  stop[1]!.abort(reason);
  await rejects(body.next(), reason);
  await rejects(read(running.pool, "/", AbortSignal.abort(reason)), reason);
  equal(await read(running.pool, "/whole"), "x");
});

Deno.test("HttpPool makes a server wait whose body nobody reads, and gets all of it", async () => {
  const numbers = Uint32Array.from({ length: 16 << 20 }, (_, i) => i);
  let answering: Socket | undefined;
  using running = await serve((text, socket) => {
    if (text.includes("/none")) return;
    answering = socket;
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${numbers.byteLength}\r\n\r\n`);
    socket.write(new Uint8Array(numbers.buffer));
  }, { silenceTimeoutMs: 20 });
  const { body } = await running.pool.send(get("/big"));
  // Longer than the server may be silent: here it is not its fault.
  for (let i = 0; i < 3; i++) {
    await rejects(read(running.pool, "/none"), { name: "TimeoutError" });
  }
  ok(answering!.writableLength > 0);
  const came = new Uint8Array(numbers.byteLength);
  let [size, chunks] = [0, 0];
  for await (const chunk of body) {
    came.set(chunk, size);
    size += chunk.length;
    // The reader stops for others to run, often enough that the server has to wait again.
    if (++chunks % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  equal(size, came.length);
  ok(new Uint32Array(came.buffer).every((number, i) => number === i));
});

Deno.test("HttpPool keeps answers apart that are there before they are read", async () => {
  const numbers = Uint32Array.from({ length: 42_000 }, (_, i) => i);
  using running = await serve((_, socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${numbers.byteLength}\r\n\r\n`);
    socket.write(new Uint8Array(numbers.buffer));
  }, { maxConnections: 2 });
  await Promise.all(Array.from({ length: 40 }, async () => {
    const { body } = await running.pool.send(get("/"));
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    const came: number[] = [];
    for await (const chunk of body) for (const byte of chunk) came.push(byte);
    ok(new Uint32Array(Uint8Array.from(came).buffer).every((number, i) => number === i));
    equal(came.length, numbers.byteLength);
  }));
});

Deno.test("HttpPool closes the connection of a body that is left", async () => {
  using running = await serve((_, socket) => socket.write(sized("12345").slice(0, -2)));
  const { body } = await running.pool.send(get("/"));
  for await (const _ of body) break;
  await once(running.sockets[0]!, "close");
});

Deno.test("HttpPool.close() ends what is under way", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  using running = await serve(() => resolve());
  const under = read(running.pool);
  await promise;
  running.pool.close();
  await rejects(under, { code: "ECONNRESET" });
});

Deno.test("HttpPool sends nothing that would end a line", async () => {
  using running = await serve((_, socket) => socket.write(sized("x")));
  const bad = [get("/a b"), get("/ä"), { ...get("/"), headers: { token: "a\r\nb: secret" } }];
  for (const request of bad) await rejects(running.pool.send(request), TypeError);
  await running.pool.send(bad[2]!).catch(({ message }) => match(message, /^(?!.*secret)/s));
  equal(await read(running.pool), "x");
  equal(running.sockets.length, 1);
});
