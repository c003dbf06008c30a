/**
 * Relays TCP connections to a server, so that a test can cut one at any moment: `Deno.serve` cannot
 * close a connection without a response.
 *
 * @module
 */

/** How much of a piece of data arrives at a cut: nothing, all of it, or half of it. */
export type Cut = "before" | "after" | "inside";

/** A piece of data on its way. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Whether it comes from the server. */
  readonly isAnswer: boolean;
  /** The source port of the connection, as the server sees it. */
  readonly connection: number;
}

/** A running relay. */
export interface TcpRelay extends AsyncDisposable {
  /** The port that clients connect to. */
  readonly port: number;
  /** Whether a cut by {@linkcode cutAt} is still to come. */
  readonly isArmed: boolean;
  /**
   * Cuts a client's connection without a response.
   *
   * @param port The source port of the connection, as the server sees it.
   */
  cut(port: number): void;
  /** Cuts a connection once, at the n-th piece of data from now (from 0); never with -1. */
  cutAt(count: number, how: Cut): void;
  /** Lets a function look at each piece of data from now on; it cuts where it returns how. */
  cutWhere(decide: (piece: Piece) => Cut | undefined): void;
}

/**
 * Starts a relay on a free port of 127.0.0.1 (or on `port`) to a server on `target`. With a
 * certificate, clients must use TLS, which ends at the relay.
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
  let armed: { left: number; readonly how: Cut } | undefined;
  let decide: (piece: Piece) => Cut | undefined = () => undefined;
  const nextCut = (piece: Piece): Cut | undefined => {
    const decided = decide(piece);
    if (decided !== undefined) return decided;
    if (armed === undefined || armed.left-- !== 0) return undefined;
    const { how } = armed;
    armed = undefined;
    return how;
  };
  const relay = async (client: Deno.Conn): Promise<void> => {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: target });
    const from = (server.localAddr as Deno.NetAddr).port;
    clients.set(from, client);
    // If one side ends, both are closed: HTTP clients do not half-close.
    const cutting = (isAnswer: boolean) => (bytes: Uint8Array) =>
      nextCut({ bytes, isAnswer, connection: from });
    await Promise.race([
      pipe(client, server, cutting(false)),
      pipe(server, client, cutting(true)),
    ]);
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
    get isArmed() {
      return armed !== undefined;
    },
    cut: (from) => {
      const client = clients.get(from);
      if (client) close(client);
    },
    cutAt: (left, how) => armed = { left, how },
    cutWhere: (decision) => decide = decision,
    async [Symbol.asyncDispose]() {
      close(listener);
      for (const client of clients.values()) close(client);
      await Promise.all([accepting, ...relayed]);
    },
  };
}

/** Copies until one side ends, for whatever reason, or up to a cut. */
async function pipe(
  from: Deno.Conn,
  to: Deno.Conn,
  nextCut: (bytes: Uint8Array) => Cut | undefined,
): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
      const cut = nextCut(buffer.subarray(0, read));
      const kept = cut === "before" ? 0 : cut === "inside" ? Math.ceil(read / 2) : read;
      for (let sent = 0; sent < kept;) sent += await to.write(buffer.subarray(sent, kept));
      if (cut !== undefined) return;
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
