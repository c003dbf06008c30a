/**
 * Passes TCP connections on to a server behind it, and cuts one at a moment that a test chooses.
 *
 * @module
 */

/** What happens to the bytes at the moment of the cut: nobody, the receiver, or half of them. */
export type Cut = "before" | "after" | "inside";

/** A running relay. */
export interface CuttingRelay extends AsyncDisposable {
  /** The port that clients connect to. */
  readonly port: number;
  /** Cuts a connection, once, as it passes on the n-th piece of data from now, from 0. */
  cutAt(count: number, how: Cut): void;
  /** Whether a cut is still to come. */
  readonly isArmed: boolean;
}

/** Starts a relay on a free port of 127.0.0.1 to a server on `target`. */
export function startCuttingRelay(target: number): CuttingRelay {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const relayed = new Set<Promise<void>>();
  const open = new Set<Deno.TcpConn>();
  let armed: { left: number; how: Cut } | undefined;
  const pipe = async (from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> => {
    const buffer = new Uint8Array(64 * 1024);
    for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
      const cut = armed !== undefined && armed.left-- === 0 ? armed.how : undefined;
      if (cut !== undefined) armed = undefined;
      const kept = cut === "before" ? 0 : cut === "inside" ? Math.ceil(read / 2) : read;
      for (let sent = 0; sent < kept;) sent += await to.write(buffer.subarray(sent, kept));
      if (cut !== undefined) return;
    }
  };
  const relay = async (client: Deno.TcpConn): Promise<void> => {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: target });
    const both = [client, server];
    both.forEach((side) => open.add(side));
    await Promise.race(
      [pipe(client, server), pipe(server, client)].map((way) => way.catch(() => {})),
    );
    both.forEach((side) => {
      open.delete(side);
      close(side);
    });
  };
  const accepting = (async () => {
    for await (const client of listener) {
      const done = relay(client).catch(() => close(client)).finally(() => relayed.delete(done));
      relayed.add(done);
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    cutAt: (count, how) => armed = { left: count, how },
    get isArmed() {
      return armed !== undefined;
    },
    async [Symbol.asyncDispose]() {
      close(listener);
      open.forEach(close);
      await Promise.all([accepting, ...relayed]);
    },
  };
}

function close(side: { close(): void }): void {
  try {
    side.close();
  } catch {
    // It is closed already.
  }
}
