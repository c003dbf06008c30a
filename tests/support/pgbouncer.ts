/**
 * PgBouncer in front of a PostgreSQL server: Debian's if it is installed, otherwise a substitute that
 * responds in the same way (compared with 1.18).
 *
 * @module
 */

import { join } from "node:path";
import type { PostgresServer } from "./postgres.ts";

/** The pooling mode. */
export type PoolMode = "transaction" | "statement";

/** A running PgBouncer. */
export interface PgBouncer extends AsyncDisposable {
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** Debian's PgBouncer or the substitute. */
  readonly name: string;
}

const PROGRAM = "/usr/sbin/pgbouncer";

/**
 * Starts one; it serves the database `name` of the server under the same name.
 *
 * @param server The server.
 * @param mode The pooling mode.
 * @param poolSize How many connections to a database of the server there are at most, if it is Debian's.
 */
export async function startPgBouncer(
  server: PostgresServer,
  mode: PoolMode,
  poolSize = 2,
): Promise<PgBouncer> {
  const isHere = await Deno.stat(PROGRAM).then(() => true, () => false);
  return isHere ? await startReal(server, mode, poolSize) : startStandIn(server, mode);
}

async function startReal(
  server: PostgresServer,
  mode: PoolMode,
  poolSize: number,
): Promise<PgBouncer> {
  const directory = await Deno.makeTempDir();
  const { username } = new URL(server.url);
  using free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr;
  free.close();
  const users = join(directory, "users.txt");
  const config = join(directory, "pgbouncer.ini");
  await Deno.writeTextFile(users, `"${username}" "${server.password}"\n`);
  await Deno.writeTextFile(
    config,
    `[databases]
* = host=127.0.0.1 port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = ${mode}
default_pool_size = ${poolSize}
server_login_retry = 1
`,
  );
  const { uid, gid } = await Deno.stat(join(server.directory, "data"));
  for (const path of [directory, users, config]) {
    if (Deno.uid() === 0) await Deno.chown(path, uid, gid);
  }
  const child = new Deno.Command(PROGRAM, {
    args: [config],
    ...(Deno.uid() === 0 && { uid: uid!, gid: gid! }),
    stdout: "null",
    stderr: "piped",
    stdin: "null",
  }).spawn();
  let log = "";
  const ready = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      log += text;
      if (/process up/.test(log)) ready.resolve();
    }
    ready.reject(new Error(`Cannot start PgBouncer:\n${log}`));
  })();
  await ready.promise;
  return {
    port,
    name: "PgBouncer",
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await reading.catch(() => {});
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** Connection parameters that PgBouncer knows. */
const KNOWN = new Set(["user", "database", "client_encoding", "application_name"]);

function startStandIn(server: PostgresServer, mode: PoolMode): PgBouncer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = new Set<Promise<void>>();
  const open = new Set<Deno.TcpConn>();
  const accepting = (async () => {
    for await (const client of listener) {
      open.add(client);
      const done = serve(client, server.port, mode).catch(() => {}).finally(() => {
        serving.delete(done);
        open.delete(client);
        close(client);
      });
      serving.add(done);
    }
  })();
  return {
    port: listener.addr.port,
    name: "a stand-in for PgBouncer",
    async [Symbol.asyncDispose]() {
      listener.close();
      open.forEach(close);
      await Promise.all([accepting, ...serving]);
    },
  };
}

async function serve(client: Deno.TcpConn, port: number, mode: PoolMode): Promise<void> {
  let startup = await readMessage(client, 0);
  if (startup.byteLength === 8) { // for TLS
    await client.write(new TextEncoder().encode("N"));
    startup = await readMessage(client, 0);
  }
  const names = new TextDecoder().decode(startup.subarray(8)).split("\0")
    .filter((_, index) => index % 2 === 0);
  const unknown = names.find((name) => name !== "" && !KNOWN.has(name));
  if (unknown !== undefined) {
    return void await client.write(fatal(`unsupported startup parameter: ${unknown}`));
  }
  using backend = await Deno.connect({ hostname: "127.0.0.1", port });
  await backend.write(startup);
  const up = (async () => {
    const buffer = new Uint8Array(65_536);
    for (let read = await client.read(buffer); read !== null; read = await client.read(buffer)) {
      await backend.write(buffer.slice(0, read));
    }
  })();
  const down = (async () => {
    for (;;) {
      const message = await readMessage(backend, 1);
      const isInTransaction = message[0] === 0x5a && message[5] === 0x54; // Z, T
      if (mode === "statement" && isInTransaction) {
        const words = "transaction blocks not allowed in statement pooling mode";
        return void await client.write(fatal(words));
      }
      await client.write(message);
    }
  })();
  await Promise.race([up, down].map((way) => way.catch(() => {})));
}

/** Reads a message whose length is after this many bytes. */
async function readMessage(from: Deno.TcpConn, before: number): Promise<Uint8Array> {
  const head = await readBytes(from, before + 4);
  const length = new DataView(head.buffer).getUint32(before);
  const rest = await readBytes(from, length - 4);
  const message = new Uint8Array(head.length + rest.length);
  message.set(head);
  message.set(rest, head.length);
  return message;
}

async function readBytes(from: Deno.TcpConn, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const read = await from.read(bytes.subarray(at));
    if (read === null) throw new Error("The connection ended");
    at += read;
  }
  return bytes;
}

function fatal(message: string): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(`SFATAL\0C08P01\0M${message}\0\0`);
  const bytes = new Uint8Array(5 + body.length);
  bytes[0] = 0x45; // E
  new DataView(bytes.buffer).setUint32(1, 4 + body.length);
  bytes.set(body, 5);
  return bytes;
}

function close(side: { close(): void }): void {
  try {
    side.close();
  } catch {
    // Already closed.
  }
}
