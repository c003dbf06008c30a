/**
 * An HTTP proxy on loopback that sends every request and every tunnel to servers of the test.
 *
 * @module
 */

/** Options of {@linkcode startTestProxy}. */
export interface TestProxyOptions {
  /** Port of the server that plain requests go to. */
  readonly plainPort: number;
  /** Port of the server that tunnels (CONNECT) lead to. */
  readonly tlsPort?: number;
  /** Required user and password, as in `"user:password"`. */
  readonly login?: string;
}

/** A running proxy. */
export interface TestProxy extends AsyncDisposable {
  /** The proxy's URL, without user and password. */
  readonly url: string;
  /** The targets of clients, as in `"CONNECT s3.amazonaws.com:443"` or `"GET http://host"`. */
  readonly asked: string[];
}

/** Starts a proxy. */
export function startTestProxy({ plainPort, tlsPort, login }: TestProxyOptions): TestProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asked: string[] = [];
  const open = new Set<Deno.Conn>();
  const serve = async (client: Deno.Conn) => {
    const head = await readHead(client);
    const text = new TextDecoder().decode(head);
    const [, method, target] = /^(\S+) (\S+)/.exec(text) ?? [];
    if (method === undefined) return;
    asked.push(method === "CONNECT" ? `CONNECT ${target}` : `${method} ${new URL(target!).origin}`);
    if (login !== undefined && !text.includes(`Basic ${btoa(login)}`)) {
      await client.write(new TextEncoder().encode(WHO_ARE_YOU));
      return;
    }
    const port = method === "CONNECT" ? tlsPort! : plainPort;
    const server = await Deno.connect({ hostname: "127.0.0.1", port });
    open.add(server);
    if (method === "CONNECT") {
      await client.write(new TextEncoder().encode("HTTP/1.1 200 Connected\r\n\r\n"));
    } else await server.write(head);
    await Promise.allSettled([
      client.readable.pipeTo(server.writable),
      server.readable.pipeTo(client.writable),
    ]);
    open.delete(server);
  };
  const serving = (async () => {
    for await (const client of listener) {
      open.add(client);
      serve(client).catch(() => {}).finally(() => {
        open.delete(client);
        close(client);
      });
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    asked,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of open) close(connection);
      await serving;
    },
  };
}

const WHO_ARE_YOU = "HTTP/1.1 407 Proxy Authentication Required\r\n" +
  'proxy-authenticate: Basic realm="test"\r\ncontent-type: text/html\r\ncontent-length: 18\r\n' +
  "connection: close\r\n\r\n<h1>Who are you?</";

/** Reads up to the end of the headers, which is all of a small request. */
async function readHead(connection: Deno.Conn): Promise<Uint8Array> {
  let head = new Uint8Array(0);
  const buffer = new Uint8Array(65_536);
  while (!new TextDecoder().decode(head).includes("\r\n\r\n")) {
    const size = await connection.read(buffer);
    if (size === null) return head;
    const longer = new Uint8Array(head.length + size);
    longer.set(head);
    longer.set(buffer.subarray(0, size), head.length);
    head = longer;
  }
  return head;
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // already closed by its streams
  }
}
