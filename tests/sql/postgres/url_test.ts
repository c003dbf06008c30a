import { deepStrictEqual, equal, throws } from "node:assert/strict";
import { postgresSettings } from "../../../src/sql/postgres/settings.ts";
import { parsePostgresUrl } from "../../../src/sql/postgres/url.ts";

const CASES: Readonly<Record<string, Readonly<Record<string, string>> & { description: string }>> =
  {
    "postgres://": { description: "postgres://" },
    "postgresql:///name": { dbname: "name", description: "postgres:///name" },
    "postgres://u:p@h:5433/name": {
      host: "h",
      port: "5433",
      dbname: "name",
      user: "u",
      password: "p",
      description: "postgres://u@h:5433/name",
    },
    "postgres://u%40x:p%3A%2F%40@h/a%20b?sslmode=require&application_name=x+y": {
      host: "h",
      dbname: "a b",
      user: "u@x",
      password: "p:/@",
      sslmode: "require",
      application_name: "x+y",
      description: "postgres://u%40x@h/a%20b",
    },
    "postgres://u:p@ss:w@h/name": {
      host: "h",
      dbname: "name",
      user: "u",
      password: "p@ss:w",
      description: "postgres://u@h/name",
    },
    "postgres://u@/db?host=/var/run/postgresql": {
      host: "/var/run/postgresql",
      dbname: "db",
      user: "u",
      description: "postgres://u@/db",
    },
    "postgres://u@/db?host=/tmp&port=5433&password=secret": {
      host: "/tmp",
      port: "5433",
      dbname: "db",
      user: "u",
      password: "secret",
      description: "postgres://u@/db",
    },
    "postgres://%2Ftmp%2Fpg:5433/db": {
      host: "/tmp/pg",
      port: "5433",
      dbname: "db",
      description: "postgres://%2Ftmp%2Fpg:5433/db",
    },
    "postgres://a:1,b,[::1]:3/db?ssl=true": {
      host: "a,b,::1",
      port: "1,,3",
      dbname: "db",
      sslmode: "require",
      description: "postgres://a:1,b,[::1]:3/db",
    },
    "postgres://[2001:db8::1]/db": {
      host: "2001:db8::1",
      dbname: "db",
      description: "postgres://[2001:db8::1]/db",
    },
  };

for (const [url, { description, ...parameters }] of Object.entries(CASES)) {
  Deno.test(`parsePostgresUrl() takes ${url} apart`, () => {
    deepStrictEqual(parsePostgresUrl(url), { parameters, description });
  });
}

/** What an address and variables are refused with. */
function refusal(url: string, env: Readonly<Record<string, string>> = {}): string {
  let message = "";
  throws(() => postgresSettings(parsePostgresUrl(url), (name) => env[name]), (error: Error) => {
    message = error.message.replace("Cannot open the checkpoint database: ", "");
    return (error as { code?: unknown }).code === "InvalidUrl";
  });
  return message;
}

Deno.test("parsePostgresUrl() refuses what is no address", () => {
  for (
    const url of [
      "postgres:",
      "postgres:/db",
      "postgres://h:x/db",
      "postgres://[::1/db",
      "postgres://::1/db",
      "postgres://u:%zz@h/db",
      "postgres://h/db#x",
      "postgres://h/db?sslmode",
      // Passwords with characters that must be escaped.
      "postgres://u:p@ss:w/d@h/name",
      "postgres://u:12/x@h/db",
      "postgres://u:12?x@h/db",
      "postgres://u:12#x@h/db",
      "mysql://h/db",
    ]
  ) {
    equal(
      refusal(url),
      "write postgres://user:password@host:5432/database, with other characters escaped (%40 for @)",
      url,
    );
  }
});

const SSL_MODES =
  'must be one of "disable", "allow", "prefer", "require", "verify-ca" and "verify-full"';

const REFUSED: readonly [url: string, env: Readonly<Record<string, string>>, why: string][] = [
  [
    "postgres://u@h/db?sslmod=require",
    {},
    'there is no parameter "sslmod"; did you mean "sslmode"?',
  ],
  [
    "postgres://u@h/db?SSLMODE=require",
    {},
    'there is no parameter "SSLMODE"; did you mean "sslmode"?',
  ],
  [
    "postgres://u@h/db?statement_timeout=5",
    {},
    'there is no parameter "statement_timeout"; a setting of the server goes into options=-c%20name%3Dvalue',
  ],
  [
    "postgres://u@h/db?statement_timeout=",
    {},
    'there is no parameter "statement_timeout"; a ' +
    "setting of the server goes into options=-c%20name%3Dvalue",
  ],
  ["postgres://u@h/db?sslmode=on", {}, `parameter "sslmode" is "on", but ${SSL_MODES}`],
  ["postgres://u@h/db", { PGSSLMODE: "requires" }, `PGSSLMODE is "requires", but ${SSL_MODES}`],
  [
    "postgres://u@h/db?target_session_attrs=none",
    {},
    'parameter "target_session_attrs" is "none", but must be one of "any", "read-write", ' +
    '"read-only", "primary", "standby" and "prefer-standby"',
  ],
  [
    "postgres://u@h/db?connect_timeout=5s",
    {},
    'parameter "connect_timeout" is "5s", but must be a whole number',
  ],
  [
    "postgres://u@h/db?keepalives=yes",
    {},
    'parameter "keepalives" is "yes", but must be one of "0" and "1"',
  ],
  [
    "postgres://u@h/db?channel_binding=on",
    {},
    'parameter "channel_binding" is "on", but must be one of ' +
    '"disable", "prefer" and "require"',
  ],
  [
    "postgres://u@h/db?service=x",
    {},
    'parameter "service" is set: Triton reads no service files; ' +
    "write the address itself",
  ],
  [
    "postgres://u@h/db",
    { PGSERVICE: "x" },
    "PGSERVICE is set: Triton reads no service files; " +
    "write the address itself",
  ],
  [
    "postgres://u@h/db?gssencmode=require",
    {},
    'parameter "gssencmode" is "require", but must be one ' +
    'of "disable" and "prefer"',
  ],
  ["postgres://u@h/db?sslcrl=x", {}, 'parameter "sslcrl" is set: Triton does not support it'],
  [
    "postgres://u@h/db",
    { PGREQUIREAUTH: "none" },
    "PGREQUIREAUTH is set: Triton does not support it",
  ],
  [
    "postgres://u@h/db?sslrootcert=system&sslmode=require",
    {},
    'sslmode is "require", which is too ' +
    "weak for sslrootcert=system; use verify-full",
  ],
  [
    "postgres://u@h/db?sslnegotiation=direct",
    {},
    'sslmode is "prefer", which is too weak for ' +
    "sslnegotiation=direct; use require or more",
  ],
  ["postgres://u@a,b,c/db?port=1,2", {}, "there are 2 ports, but 3 hosts"],
  ["postgres://u@a,b/db?hostaddr=127.0.0.1", {}, "there are 2 hosts, but 1 hostaddr"],
  ["postgres://u@h/db?port=x", {}, '"x" is no port, which is a number from 1 to 65535'],
  ["postgres://u@h:0/db", {}, '"0" is no port, which is a number from 1 to 65535'],
  ["postgres://u@h:99999/db", {}, '"99999" is no port, which is a number from 1 to 65535'],
];

for (const [url, env, why] of REFUSED) {
  Deno.test(`postgresSettings() refuses ${url} with ${JSON.stringify(env)}`, () => {
    equal(refusal(url, env), why);
  });
}

Deno.test("postgresSettings() takes from the environment what the address leaves out", () => {
  const env: Readonly<Record<string, string>> = {
    PGHOST: "a,/run/pg",
    PGPORT: "5433",
    PGUSER: "u",
    PGPASSWORD: "secret\r\n",
    PGDATABASE: "db\n",
    PGSSLMODE: "verify-ca",
    PGSSLROOTCERT: "root.crt",
    PGSSLCERT: "c.crt",
    PGSSLKEY: "c.key",
    PGCHANNELBINDING: "require",
    PGCONNECT_TIMEOUT: "7",
    PGTARGETSESSIONATTRS: "primary",
    PGAPPNAME: "app",
    PGOPTIONS: "-c work_mem=4MB",
    PGPASSFILE: "/pass",
  };
  const { hosts, user, password, database, sslmode, parameters } = postgresSettings(
    parsePostgresUrl("postgres://?sslmode=require"),
    (name) => env[name],
  );
  deepStrictEqual([user, password, database, sslmode], ["u", "secret", "db", "require"]);
  deepStrictEqual(hosts, [
    { host: "a", hostaddr: undefined, port: 5433 },
    { host: "/run/pg", hostaddr: undefined, port: 5433 },
  ]);
  deepStrictEqual(
    [
      "sslrootcert",
      "sslcert",
      "sslkey",
      "channel_binding",
      "connect_timeout",
      "target_session_attrs",
      "application_name",
      "options",
      "passfile",
    ].map((name) => parameters[name]),
    ["root.crt", "c.crt", "c.key", "require", "7", "primary", "app", "-c work_mem=4MB", "/pass"],
  );
});

Deno.test("postgresSettings() has libpq's defaults", () => {
  const settings = (url: string) =>
    postgresSettings(parsePostgresUrl(url), (name) => name === "USER" ? "me" : undefined);
  deepStrictEqual(settings("postgres://u@").hosts, [
    { host: "localhost", hostaddr: undefined, port: 5432 },
  ]);
  equal(settings("postgres://u@").database, "u");
  equal(settings("postgres://u@").sslmode, "prefer");
  equal(settings("postgres://u@?sslrootcert=system").sslmode, "verify-full");
  deepStrictEqual(settings("postgres://u@a:1,b/?hostaddr=,127.0.0.1").hosts, [
    { host: "a", hostaddr: undefined, port: 1 },
    { host: "b", hostaddr: "127.0.0.1", port: 5432 },
  ]);
});
