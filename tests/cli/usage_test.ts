import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { LEDGER_VERSION } from "../../src/ledger/tables/schema.ts";
import { readCommit } from "../../src/cli/read_commit.ts";
import { FORMAT_VERSION } from "../../src/codec/tri/archive_format.ts";
import { VERSION } from "../../src/base/version.ts";
import { runCommand } from "./fake_context.ts";

/** The commands by what one wants to do, as the help lists them. */
const GROUPS = {
  "Archive streams": ["store", "doctor", "config", "cost", "health"],
  "Read archives": ["cat", "ls", "map", "export"],
  "Write and read live streams": ["put", "tail", "shards"],
  "Look after archives and positions": ["stats", "verify", "quarantine", "checkpoint"],
  "About triton": ["completions", "version", "help"],
};

const STORE = ["store", "--stream", "clicks", "--bucket", "b"];
const CAT = ["cat", "--stream", "clicks", "--bucket", "b"];

/** Invalid command lines, and the message for each. */
const MISTAKES: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [["stor"], /unknown command 'stor'\n\(Did you mean store\?\)/],
  [["store", "--steam", "clicks"], /unknown option '--steam'\n\(Did you mean --stream\?\)/],
  [
    [...STORE.slice(0, 3), "--bucket=/var/lib/archive"],
    /'\/var\/lib\/archive' is invalid\. Use file:\/\/\/var\/lib\/archive for a directory\./,
  ],
  ...["gs://b", "s3://", "s3:///b", "s3://b?x", "memory:", ""].map((url) =>
    [
      [...STORE.slice(0, 3), `--bucket=${url}`],
      /Use s3:\/\/BUCKET\/PREFIX, BUCKET or file/,
    ] as const
  ),
  [
    ["export", "--stream", "clicks", "--bucket", "b", "--to", "./tables"],
    /'\.\/tables' is invalid\. Use file:\/\/\/.*\/tables for a directory\./,
  ],
  [["--verbos"], /unknown option '--verbos'\n\(Did you mean --verbose\?\)/],
  [
    ["store", "--stream", "clicks", "--bukcet", "b"],
    /unknown option '--bukcet'\n\(Did you mean --bucket\?\)/,
  ],
  [["store"], /required option '--stream <name>' not specified/],
  [["put"], /required option '--stream <name>' not specified/],
  [["tail"], /required option '--stream <name>' not specified/],
  [["shards"], /required option '--stream <name>' not specified/],
  [["stats", "--watch", "0"], /Use a number of seconds from 0\.1 to 86400/],
  [["stats", "--format", "xml"], /Allowed choices are table, carbon, json/],
  [
    ["store", "--stream", "clicks"],
    /No bucket: pass --bucket or set TRITON_BUCKET to the location of the archive$/,
  ],
  [["cat"], /Cannot cat: pass a --stream, --keys-from or .tri files$/],
  [["cat", "--stream", "clicks"], /No bucket: pass --bucket or set TRITON_BUCKET to/],
  [CAT, /Cannot cat: pass --start-date YYYYMMDD or --keys-from$/],
  [
    [...CAT, "--start-date", "20150711", "--end-date", "20150710"],
    /Cannot read archives: --end-date is before --start-date$/,
  ],
  [[...CAT, "a.tri"], /Cannot cat both FILE arguments and a --stream: pass only one of them$/],
  [[...CAT, "--start-date", "20150710"], /pass --config or set TRITON_CONFIG/],
  [["shards", "--stream", "clicks"], /pass --config or set TRITON_CONFIG/],
  [[...STORE, "--from", "yesterday"], /yesterday/],
  [[...STORE.slice(0, 3), "--bucket=file://relative"], /it names a host; write file:\/\/\/DIR/],
  [[...STORE.slice(0, 3), "--bucket=file:///a%zz"], /it has a "%" that begins no escape/],
  [[...STORE.slice(0, 3), "--bucket=file:a%00"], /it has a NUL/],
  [[...STORE.slice(0, 3), "--bucket=file:a%ff"], /its escapes are not UTF-8/],
  [[...STORE, "--from", "1969-12-31"], /Cannot start at "1969-12-31": it lies before 1970/],
  [[...STORE, "--from", "0001-01-01T00:00:00Z"], /it lies before 1970/],
  ...["19691231", "00010101"].map((day) =>
    [[...CAT, "--start-date", day], /Use a day from 1970 on/] as const
  ),
  ...["20150230", "2015-7-1", "today", "20151301"].map((day) =>
    [[...CAT, "--start-date", day], /Use a valid date as YYYYMMDD/] as const
  ),
  ...["5", "0s", "1d", "h", "25h", "-1h", "1h30m"].map((time) =>
    [[...STORE, `--rotate=${time}`], /Use a duration from 1s to 24h/] as const
  ),
  ...["0", "x", "64 mb", "64Mi", "-1", "1e3"].map((size) =>
    [[...STORE, `--max-size=${size}`], /Use a size such as 64MiB/] as const
  ),
  [[...STORE, "--max-memory", "96"], /Use at least 1MiB, such as 96MiB; this is 96 bytes/],
  ...["a-b", "", "a/b", "x".repeat(129)].map((name) =>
    [
      [...STORE, `--client-name=${name}`],
      /a "-" would make the keys of archives ambiguous/,
    ] as const
  ),
  ...["0", "-1", "1.5", "many"].map((count) =>
    [[...CAT, `--limit=${count}`], /Use a positive integer/] as const
  ),
  [[...STORE, "--request-limit", "10001"], /The maximum of Kinesis is 10000/],
  [[...STORE, "--shards", "a b"], /Use the ID of a shard, such as shardId-000000000000/],
];

Deno.test("main() prints the help of every command", async () => {
  const { code, stdout, stderr } = await runCommand(["--help"]);
  equal(code, 0);
  equal(stderr, "");
  const groups = stdout.trimEnd().split("\n\n").slice(3).map((text) => {
    const names = [...text.matchAll(/^ {2}(\w+)(?:\|\w)? .*$/gm)].map(([, name]) => name!);
    return [text.split(":\n")[0], names];
  });
  deepStrictEqual(Object.fromEntries(groups), GROUPS);
  for (const command of Object.values(GROUPS).flat()) {
    const help = await runCommand([command, "--help"]);
    equal(help.code, 0);
    equal(help.stderr, "");
    match(help.stdout, new RegExp(`^Usage: triton ${command}\\b`));
    ok(help.stdout.split("\n").every((line) => line.length <= 100), `${command}: over 100 columns`);
  }
});

Deno.test("the help lists the commands as they are, without loading them", async () => {
  const listed = await runCommand(["--help"]);
  const loaded = await runCommand(["help"]);
  equal(listed.stdout, loaded.stdout);
});

Deno.test("main() prints the version", async () => {
  const { code, stdout } = await runCommand(["--version"]);
  deepStrictEqual([code, stdout], [0, `${VERSION}\n`]);
});

Deno.test("triton version prints the same as --version, and with --json also the build", async () => {
  equal((await runCommand(["version"])).stdout, `${VERSION}\n`);
  const { code, stdout } = await runCommand(["version", "--json"]);
  equal(code, 0);
  deepStrictEqual(JSON.parse(stdout), {
    version: VERSION,
    commit: "unknown",
    deno: Deno.version.deno,
    target: Deno.build.target,
    schema: LEDGER_VERSION,
    format: FORMAT_VERSION,
  });
});

Deno.test("readCommit() reads the commit of executables only, and only in its exact form", () => {
  const file = Deno.makeTempFileSync();
  const url = new URL(`file://${file}`);
  try {
    const commit = "0123456789".repeat(4);
    for (const text of [commit, `${commit}-modified`]) {
      Deno.writeTextFileSync(file, `${text}\n`);
      equal(readCommit(url, true), text);
      equal(readCommit(url, false), "unknown");
    }
    for (const text of ["", "main", `${commit}0`]) {
      Deno.writeTextFileSync(file, text);
      equal(readCommit(url, true), "unknown");
    }
  } finally {
    Deno.removeSync(file);
  }
  equal(readCommit(url, true), "unknown");
});

Deno.test("main() without arguments prints the help and exits with 2", async () => {
  const { code, stdout, stderr } = await runCommand([]);
  deepStrictEqual([code, stdout], [2, ""]);
  match(stderr, /^Usage: triton/);
});

for (const [args, says] of MISTAKES) {
  Deno.test(`main() refuses "triton ${args.join(" ").slice(0, 80)}"`, async () => {
    const { code, stdout, stderr } = await runCommand(args);
    equal(code, 2, stderr);
    equal(stdout, "");
    match(stderr.replace(/\n\(run triton .*--help for usage\)\n$/, "").trimEnd(), says);
  });
}

Deno.test("main() says which environment variable is wrong", async () => {
  for (const args of [STORE, ["checkpoint", "list", "--stream", "clicks"]]) {
    const { code, stderr } = await runCommand(args, { env: { TRITON_CLIENT: "a-b" } });
    equal(code, 2);
    match(stderr, /^triton: environment variable TRITON_CLIENT is "a-b"\. Use letters/);
  }
});

Deno.test("main() ignores wrong environment variables that are not used", async () => {
  const env = { TRITON_CLIENT: "a-b" };
  equal((await runCommand(["store", "--help"], { env })).code, 0);
  const { code, stderr } = await runCommand([...STORE, "--client-name", "ab"], { env });
  equal(code, 2);
  match(stderr, /pass --config or set TRITON_CONFIG/);
});

Deno.test("main() treats an empty environment variable as unset", async () => {
  const env = { TRITON_BUCKET: "", TRITON_CLIENT: "" };
  const { code, stderr } = await runCommand(["store", "--stream", "clicks"], { env });
  equal(code, 2);
  match(stderr, /pass --bucket or set TRITON_BUCKET/);
});

Deno.test("help that cannot be written fails with one sentence; a closed pipe is not a failure", async () => {
  const writeTo = (error: Error) =>
    runCommand(["--help"], {
      beforeWrite() {
        throw error;
      },
    });
  const { code, stderr } = await writeTo(new Error("No space left on device"));
  deepStrictEqual([code, stderr], [1, "triton: Error: No space left on device\n"]);
  deepStrictEqual((await writeTo(new Deno.errors.BrokenPipe())).code, 0);
});
