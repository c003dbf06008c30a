import { deepStrictEqual } from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** The sources without their comments, by path. */
function* sources(folder = "src/"): Generator<readonly [path: string, code: string]> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    const path = `${folder}${name}`;
    if (isDirectory) yield* sources(`${path}/`);
    else if (name.endsWith(".ts")) {
      const text = Deno.readTextFileSync(new URL(path, ROOT));
      yield [path, text.replace(/^\s*(?:\/\*\*?|\*|\/\/).*$/gm, "").replace(/ \/\/ .*$/gm, "")];
    }
  }
}

/** Who can open a connection, and to what: one row of the table in docs/offline.md for each. */
const CONNECTS = {
  "src/aws/http/fetch_handler.ts": "Kinesis, S3 and credentials, by a proxy or not",
  "src/cli/commands/health.ts": "a running store",
  "src/monitor/otlp_exporter.ts": "a collector of OpenTelemetry",
  "src/monitor/page/assets.ts": "in the browser: the page itself",
  "src/sql/postgres/connection.ts": "PostgreSQL",
  "src/sql/postgres/sessions/like_pool.ts": "PostgreSQL",
};

Deno.test("docs/offline.md: nothing else in src/ opens a connection", () => {
  const opens =
    /(?<![#.\w]|async )fetch\(|Deno\.connect|\bconnect\b[^;]*from "node:net"|import\("node:(?:http|https|net|tls)"\)|from "node:(?:https|http2|dgram|dns)|new (?:WebSocket|EventSource|XMLHttpRequest)|sendBeacon/;
  const found = [...sources()].filter(([, code]) => opens.test(code)).map(([path]) => path);
  deepStrictEqual(found.sort(), Object.keys(CONNECTS).sort());
});

Deno.test("docs/offline.md: the code names no host on the internet to connect to", () => {
  const hosts = [...sources()].flatMap(([path, code]) =>
    [...code.matchAll(/["'`]https?:\/\/([a-z0-9-]+(?:\.[a-z0-9-]+)*)/gi)]
      .filter(([, host]) => !/^(?:localhost|127\.0\.0\.1)$/.test(host!))
      .map(([, host]) => `${path}: ${host}`)
  );
  deepStrictEqual([...new Set(hosts)].sort(), [
    "src/cli/commands/cost/prices.ts: aws.amazon.com", // printed
    "src/config/json_schema.ts: json-schema.org", // the name of a standard
  ]);
});
