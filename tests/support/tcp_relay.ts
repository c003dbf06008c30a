/**
 * Passes TCP connections on to a server behind it, so that a test can cut one at any moment:
 * `Deno.serve` gives no way to close a connection without an answer.
 *
 * @module
 */

/** A running relay. */
export interface TcpRelay extends AsyncDisposable {
  /** The port that clients connect to. */
  readonly port: number;
  /**
   * Cuts a client's connection, without an answer.
   *
   * @param port The port that the server behind sees the connection come from.
   */
  cut(port: number): void;
}

/**
 * Starts a relay on a free port of 127.0.0.1 (or on `port`) to a server on `target`; with a
 * certificate clients must speak TLS to it, and the server behind does not see that.
 */
export function startTcpRelay(
  target: number,
  port = 0,
  certificate?: { readonly cert: string; readonly key: string },
): TcpRelay {
  const place = { hostname: "127.0.0.1", port };
  const listener: Deno.TcpListener | Deno.TlsListener = certificate === undefined
    ? Deno.listen(place)
    : Deno.listenTls({ ...place, ...certificate });
  const clients = new Map<number, Deno.Conn>();
  const relayed = new Set<Promise<void>>();
  const relay = async (client: Deno.Conn): Promise<void> => {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: target });
    const from = (server.localAddr as Deno.NetAddr).port;
    clients.set(from, client);
    // Whichever side ends, both are closed: HTTP clients do not half-close.
    await Promise.race([pipe(client, server), pipe(server, client)]);
    clients.delete(from);
    close(client);
    close(server);
  };
  const accepting = (async () => {
    for await (const client of listener) {
      const done = relay(client).catch(() => close(client)).finally(() => relayed.delete(done));
      relayed.add(done);
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    cut: (from) => {
      const client = clients.get(from);
      if (client) close(client);
    },
    async [Symbol.asyncDispose]() {
      close(listener);
      for (const client of clients.values()) close(client);
      await Promise.all([accepting, ...relayed]);
    },
  };
}

/** Copies until one side ends; how it ended does not matter here. */
async function pipe(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
      for (let sent = 0; sent < read;) sent += await to.write(buffer.subarray(sent, read));
    }
  } catch {
    // cut, or closed by the other direction
  }
}

function close(connection: Disposable & { close(): void }): void {
  try {
    connection.close();
  } catch {
    // closed already
  }
}
