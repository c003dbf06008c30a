import { deepStrictEqual, equal } from "node:assert/strict";
import { parsePostgresUrl } from "../../src/checkpoint/postgres_url.ts";

const NOTHING = {
  hosts: [],
  ports: [],
  database: undefined,
  user: undefined,
  password: undefined,
  parameters: "",
};

const CASES: Readonly<Record<string, Partial<ReturnType<typeof parsePostgresUrl>>>> = {
  "postgres://": { description: "postgres://" },
  "postgresql:///name": { database: "name", description: "postgres:///name" },
  "postgres://u:p@h:5433/name": {
    hosts: ["h"],
    ports: [5433],
    database: "name",
    user: "u",
    password: "p",
    description: "postgres://u@h:5433/name",
  },
  "postgres://u%40x:p%3A%2F%40@h/a%20b?sslmode=require&application_name=x": {
    hosts: ["h"],
    database: "a b",
    user: "u@x",
    password: "p:/@",
    parameters: "sslmode=require&application_name=x",
    description: "postgres://u%40x@h/a%20b",
  },
  "postgres://u:p@ss:w@h/name": {
    hosts: ["h"],
    database: "name",
    user: "u",
    password: "p@ss:w",
    description: "postgres://u@h/name",
  },
  "postgres://u@/db?host=/var/run/postgresql": {
    hosts: ["/var/run/postgresql"],
    database: "db",
    user: "u",
    description: "postgres://u@/db",
  },
  "postgres://u@/db?host=/tmp&port=5433&password=secret": {
    hosts: ["/tmp"],
    ports: [5433],
    database: "db",
    user: "u",
    password: "secret",
    description: "postgres://u@/db",
  },
  "postgres://%2Ftmp%2Fpg:5433/db": {
    hosts: ["/tmp/pg"],
    ports: [5433],
    database: "db",
    description: "postgres://%2Ftmp%2Fpg:5433/db",
  },
  "postgres://a:1,b,[::1]:3/db": {
    hosts: ["a", "b", "::1"],
    ports: [1, 5432, 3],
    database: "db",
    description: "postgres://a:1,b,[::1]:3/db",
  },
  "postgres://[2001:db8::1]/db": {
    hosts: ["2001:db8::1"],
    database: "db",
    description: "postgres://[2001:db8::1]/db",
  },
};

for (const [url, expected] of Object.entries(CASES)) {
  Deno.test(`parsePostgresUrl() takes ${url} apart`, () => {
    deepStrictEqual(parsePostgresUrl(url), { ...NOTHING, ...expected });
  });
}

Deno.test("parsePostgresUrl() refuses what is no address", () => {
  for (
    const url of [
      "postgres:",
      "postgres:/db",
      "postgres://h:x/db",
      "postgres://h:99999/db",
      "postgres://h:0/db",
      "postgres://[::1/db",
      "postgres://::1/db",
      "postgres://u:%zz@h/db",
      "postgres://h/db?port=x",
      "postgres://h/db#x",
      // Passwords with characters that must be escaped.
      "postgres://u:p@ss:w/d@h/name",
      "postgres://u:12/x@h/db",
      "postgres://u:12?x@h/db",
      "postgres://u:12#x@h/db",
      "mysql://h/db",
    ]
  ) equal(parsePostgresUrl(url), undefined, url);
});
