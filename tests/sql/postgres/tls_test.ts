import { equal, match, rejects } from "node:assert/strict";
import { join } from "node:path";
import { openCheckpointer } from "@triton/triton/checkpoint";
import { VirtualClock } from "@triton/triton";
import { systemClock } from "../../../src/base/clock.ts";
import { postgresConnector } from "../../../src/sql/postgres/session.ts";
import { parsePostgresUrl } from "../../../src/sql/postgres/url.ts";
import { makeAuthority, openssl } from "../../support/certificates.ts";
import { startTcpRelay } from "../../support/tcp_relay.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { query } from "./support.ts";
import { openWith } from "../../checkpoint/processes.ts";

/** A place with a server that wants TLS of some databases, and refuses it for others. */
interface Place {
  readonly server: PostgresServer;
  readonly directory: string;
  readonly home: string;
}

/** Who may come how, by database. */
const HBA = [
  "local all all scram-sha-256",
  "hostssl tls all all scram-sha-256",
  "hostnossl plain all all scram-sha-256",
  "hostssl cert all all cert",
  "host md5 all all md5",
  "host cleartext all all password",
  "host trust all all trust",
  "host postgres all all scram-sha-256",
];

type Env = Readonly<Record<string, string>>;

/** Connects as a user would, and tells whether the session is encrypted. */
async function connect(place: Place, rest: string, env: Env = {}): Promise<"tls" | "plain"> {
  const url = addressOf(place, rest);
  const variables: Env = { HOME: place.home, ...env };
  const { connect } = await postgresConnector(parsePostgresUrl(url), (name) => variables[name]);
  const session = await connect({ clock: systemClock, signal: new AbortController().signal });
  try {
    const [row] = await session.sql.unsafe(
      "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    );
    return row!.ssl ? "tls" : "plain";
  } finally {
    await session.end();
  }
}

/** `database?parameters`, or `host/database?parameters`. */
function addressOf({ server }: Place, rest: string): string {
  const [, host = "127.0.0.1", path] = /^(?:([^/?]+)\/)?(.*)$/.exec(rest)!;
  return `postgres://triton:${encodeURIComponent(server.password)}@${host}:${server.port}/${path}`;
}

function fails(place: Place, rest: string, message: RegExp, env: Env = {}): Promise<void> {
  return rejects(connect(place, rest, env), (error: Error) => {
    match(error.message, message);
    return true;
  });
}

const PLAIN_REFUSED = /^no pg_hba\.conf entry for host .*, no encryption$/;
const TLS_REFUSED = /^no pg_hba\.conf entry for host .*, SSL encryption$/;

const TESTS: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  async "sslmode=disable never encrypts"(place) {
    equal(await connect(place, "postgres?sslmode=disable"), "plain");
    await fails(place, "tls?sslmode=disable", PLAIN_REFUSED);
  },

  async "sslmode=allow encrypts if the server takes nothing else"(place) {
    equal(await connect(place, "postgres?sslmode=allow"), "plain");
    equal(await connect(place, "tls?sslmode=allow"), "tls");
    equal(await connect(place, "plain?sslmode=allow"), "plain");
  },

  async "sslmode=prefer, the default, encrypts unless the server refuses it"(place) {
    for (const mode of ["?sslmode=prefer", ""]) {
      equal(await connect(place, `postgres${mode}`), "tls");
      equal(await connect(place, `tls${mode}`), "tls");
      equal(await connect(place, `plain${mode}`), "plain");
    }
  },

  async "sslmode=require encrypts, and believes any certificate"(place) {
    equal(await connect(place, "postgres?sslmode=require"), "tls");
    equal(await connect(place, "localhost/postgres?sslmode=require"), "tls");
    await fails(place, "plain?sslmode=require", TLS_REFUSED);
  },

  async "sslmode=verify-ca checks who signed the certificate, and not for whom"(place) {
    const root = `sslrootcert=${place.directory}/ca.crt`;
    equal(await connect(place, `postgres?sslmode=verify-ca&${root}`), "tls");
    equal(await connect(place, `localhost/postgres?sslmode=verify-ca&${root}`), "tls");
    const other = `sslrootcert=${place.directory}/other.crt`;
    await fails(place, `postgres?sslmode=verify-ca&${other}`, /^TLS failed: .*certificate/);
    await fails(
      place,
      "postgres?sslmode=verify-ca",
      /^sslmode is verify-ca, but there are no root/,
    );
    await fails(
      place,
      "postgres?sslmode=verify-ca&sslrootcert=/nowhere",
      /^cannot read sslrootcert "\/nowhere": ENOENT$/,
    );
  },

  async "sslmode=verify-full checks the host that was given, IP addresses too"(place) {
    const full = `sslmode=verify-full&sslrootcert=${place.directory}/ca.crt`;
    equal(await connect(place, `postgres?${full}`), "tls");
    await fails(place, `localhost/postgres?${full}`, /^TLS failed: .*localhost/);
    equal(await connect(place, `db.example/postgres?hostaddr=127.0.0.1&${full}`), "tls");
    equal(await connect(place, `db.example/postgres?hostaddr=127.0.0.1&sslsni=0&${full}`), "tls");
    await fails(place, `other.example/postgres?hostaddr=127.0.0.1&${full}`, /other\.example/);
    await fails(place, `127.0.0.2/postgres?hostaddr=127.0.0.1&${full}`, /127\.0\.0\.2/);
    const { port, password } = place.server;
    const nameless = `postgres://triton:${
      encodeURIComponent(password)
    }@/postgres?port=${port}&hostaddr=127.0.0.1`;
    const { connect: dial } = await postgresConnector(parsePostgresUrl(`${nameless}&${full}`));
    await rejects(dial({ clock: systemClock, signal: new AbortController().signal }), {
      message: "sslmode is verify-full, but no host is named",
    });
  },

  async "sslrootcert=system trusts what the system trusts, and nothing less than verify-full"(
    place,
  ) {
    await fails(place, "postgres?sslrootcert=system", /^TLS failed: .*certificate/);
    await fails(place, "postgres", /^TLS failed: .*certificate/, { PGSSLROOTCERT: "system" });
  },

  async "PGSSLMODE and PGSSLROOTCERT fill in what the address leaves out"(place) {
    const PGSSLROOTCERT = `${place.directory}/ca.crt`;
    const env = { PGSSLMODE: "verify-full", PGSSLROOTCERT };
    equal(await connect(place, "postgres", env), "tls");
    await fails(place, "localhost/postgres", /^TLS failed: .*localhost/, env);
    equal(await connect(place, "localhost/postgres?sslmode=disable", env), "plain");
  },

  async "~/.postgresql/root.crt is checked in every mode"(place) {
    const home = join(place.directory, "home-with-root");
    await Deno.mkdir(join(home, ".postgresql"), { recursive: true });
    const root = join(home, ".postgresql", "root.crt");
    await Deno.copyFile(join(place.directory, "ca.crt"), root);
    equal(await connect(place, "tls?sslmode=verify-full", { HOME: home }), "tls");
    await Deno.copyFile(join(place.directory, "other.crt"), root);
    await fails(place, "postgres?sslmode=require", /^TLS failed/, { HOME: home });
    equal(await connect(place, "postgres?sslmode=prefer", { HOME: home }), "plain"); // as libpq
  },

  async "sslcert and sslkey say who we are"(place) {
    const at = (name: string) => join(place.directory, name);
    const cert = `sslcert=${at("client.crt")}`;
    equal(await connect(place, `cert?${cert}&sslkey=${at("client.key")}`), "tls");
    const env = { PGSSLCERT: at("client.crt"), PGSSLKEY: at("client.key") };
    equal(await connect(place, "cert", env), "tls");
    await fails(place, "cert?sslmode=require&sslcertmode=disable", /certificate/, env);
    await fails(place, "cert?sslmode=require", /certificate/);
    await fails(place, `cert?${cert}&sslkey=/nowhere`, /^cannot read sslkey "\/nowhere"/);
    await fails(place, `cert?${cert}&sslkey=${at("open.key")}`, /can be read by others/);
    const locked = `${cert}&sslkey=${at("locked.key")}`;
    equal(await connect(place, `cert?${locked}&sslpassword=secret`), "tls");
    await fails(place, `cert?${locked}`, /^cannot decrypt sslkey ".*": give its password/);
  },

  async "~/.postgresql/postgresql.crt and .key say who we are"(place) {
    const folder = join(place.directory, "home-with-key", ".postgresql");
    await Deno.mkdir(folder, { recursive: true });
    for (const kind of ["crt", "key"]) {
      await Deno.copyFile(
        join(place.directory, `client.${kind}`),
        join(folder, `postgresql.${kind}`),
      );
    }
    equal(await connect(place, "cert", { HOME: join(folder, "..") }), "tls");
  },

  async "channel_binding=require logs in by SCRAM-SHA-256-PLUS, or not at all"(place) {
    equal(await connect(place, "tls?channel_binding=require"), "tls");
    equal(await connect(place, "tls?channel_binding=prefer"), "tls");
    equal(await connect(place, "tls?channel_binding=disable"), "tls");
    const unbound = /^channel_binding is require, but the server's login cannot be bound/;
    await fails(place, "postgres?channel_binding=require&sslmode=disable", unbound);
    await fails(place, "trust", unbound, { PGCHANNELBINDING: "require" });
    await fails(place, "cleartext?channel_binding=require", unbound);
  },

  async "md5, cleartext and trust log in as well"(place) {
    await query(
      place.server.url,
      "SET password_encryption = md5",
      "CREATE ROLE old LOGIN PASSWORD 'o'",
    );
    const { port } = place.server;
    const { connect: dial } = await postgresConnector(
      parsePostgresUrl(`postgres://old:o@127.0.0.1:${port}/md5`),
    );
    await (await dial({ clock: systemClock, signal: new AbortController().signal })).end();
    equal(await connect(place, "cleartext"), "tls");
    equal(await connect(place, "trust"), "tls");
  },

  async "sslnegotiation=direct saves the question, from PostgreSQL 17 on"(place) {
    const [row] = await query(place.server.url, "SHOW server_version_num");
    const direct = "tls?sslmode=require&sslnegotiation=direct";
    if (Number(row!.server_version_num) >= 170_000) equal(await connect(place, direct), "tls");
    else await rejects(connect(place, direct));
  },

  async "a program needs no permission beyond the network, PG* and the files that are named"(
    place,
  ) {
    const { port } = place.server;
    const root = `${place.directory}/ca.crt`;
    const permissions = [`--allow-net=127.0.0.1:${port}`, "--allow-env=PG*"];
    equal(await openWith(addressOf(place, "tls"), {}, permissions), "open\n");
    const full = addressOf(place, `tls?sslmode=verify-full&sslrootcert=${root}`);
    equal(await openWith(full, {}, [...permissions, `--allow-read=${root}`]), "open\n");
    // What psql reads is not for the driver, which knows less of it.
    const others = { PGHOST: "a,b", PGTARGETSESSIONATTRS: "any", PGSSLMODE: "prefer" };
    equal(await openWith(addressOf(place, "tls"), others, permissions), "open\n");
    // As the executable has them, with what makes node:tls look for more certificates.
    const system = addressOf(place, "tls?sslrootcert=system");
    const compiled = [
      "--allow-net",
      "--allow-read",
      "--allow-sys=osRelease,statfs",
      "--allow-env=PG*,HOME,USER,NODE_EXTRA_CA_CERTS",
    ];
    equal(await openWith(system, { NODE_EXTRA_CA_CERTS: root }, compiled), "open\n");
  },

  async "TLS versions are obeyed"(place) {
    equal(await connect(place, "tls?ssl_max_protocol_version=TLSv1.2"), "tls");
    equal(await connect(place, "tls?ssl_min_protocol_version=TLSv1.3"), "tls");
    await fails(
      place,
      "tls?sslmode=require&ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2",
      /./,
    );
  },

  async "a login that goes on in plain text before TLS begins is refused (CVE-2021-23222)"() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      using client = await listener.accept();
      await client.read(new Uint8Array(8));
      await client.write(new TextEncoder().encode("SR\0\0\0\x08\0\0\0\0"));
      await client.read(new Uint8Array(8));
    })().catch(() => {});
    const { port } = listener.addr;
    const { connect: dial } = await postgresConnector(
      parsePostgresUrl(`postgres://u:p@127.0.0.1:${port}/db?sslmode=require`),
    );
    await rejects(dial({ clock: new VirtualClock(), signal: new AbortController().signal }), {
      message: "there is plain text before TLS begins",
    });
    await serving;
  },

  async "a server without TLS is refused by sslmode=require"() {
    await using server = await startPostgres();
    const place = { server, directory: "", home: "/nowhere" };
    equal(await connect(place, "postgres"), "plain");
    equal(await connect(place, "postgres?sslmode=allow"), "plain");
    for (const mode of ["require", "verify-ca&sslrootcert=/dev/null"]) {
      await fails(
        place,
        `postgres?sslmode=${mode}`,
        /^sslmode is .*, but the server does not support TLS$/,
      );
    }
    // On a socket there is no TLS, as for libpq.
    const path = `${encodeURIComponent(server.directory)}/postgres?sslmode=require`;
    equal(await connect(place, path), "plain");
  },

  async "openCheckpointer() over TLS survives a cut, and hides no reason"(place) {
    await using relay = startTcpRelay(place.server.port);
    const url = new URL(addressOf(place, "tls?sslmode=require"));
    url.port = `${relay.port}`;
    await using checkpointer = await openCheckpointer(url.href, { client: "c" });
    for (const how of ["before", "after", "inside"] as const) {
      relay.cutAt(0, how);
      await rejects(checkpointer.list(), { retryable: true });
      equal((await checkpointer.list()).length, 0);
    }
    await rejects(openCheckpointer(addressOf(place, "plain?sslmode=require"), { client: "c" }), {
      code: "28000",
      retryable: false,
      message: /^Cannot open the checkpoint database postgres:\/\/triton@.*\/plain: no pg_hba/,
    });
    const unknown = `tls?sslmode=verify-full&sslrootcert=${place.directory}/other.crt`;
    await rejects(openCheckpointer(addressOf(place, unknown), { client: "c" }), {
      retryable: false,
      message: /: TLS failed: /,
    });
  },
};

async function makePlace(directory: string): Promise<Place> {
  const authority = await makeAuthority(directory);
  const other = await makeAuthority(directory, "Other CA");
  const server = await authority.sign("server", ["IP:127.0.0.1", "DNS:db.example"]);
  const client = await authority.sign("triton");
  const files: Readonly<Record<string, string>> = {
    "ca.crt": authority.cert,
    "other.crt": other.cert,
    "client.crt": client.cert,
    "client.key": client.key,
    "open.key": client.key,
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(directory, name), text, { mode: 0o600 });
  }
  await Deno.chmod(join(directory, "open.key"), 0o644);
  const locked = join(directory, "locked.key");
  await openssl(
    ...["pkcs8", "-topk8", "-in", join(directory, "client.key"), "-out", locked],
    ...["-passout", "pass:secret"],
  );
  await Deno.chmod(locked, 0o600);
  const postgres = await startPostgres({
    files: { "server.crt": server.cert, "server.key": server.key, "ca.crt": authority.cert },
    settings: [
      "ssl=on",
      "ssl_cert_file=../server.crt",
      "ssl_key_file=../server.key",
      "ssl_ca_file=../ca.crt",
    ],
    hba: HBA,
  });
  const names = ["tls", "plain", "cert", "md5", "cleartext", "trust"];
  await query(postgres.url, ...names.map((name) => `CREATE DATABASE ${name}`));
  return { server: postgres, directory, home: join(directory, "nobody") };
}

Deno.test("PostgreSQL is connected to as libpq would", async (t) => {
  const directory = await Deno.makeTempDir();
  const place = await makePlace(directory);
  try {
    for (const [name, run] of Object.entries(TESTS)) {
      await t.step(name, async () => await run(place));
    }
  } finally {
    await place.server[Symbol.asyncDispose]();
    await Deno.remove(directory, { recursive: true });
  }
});
