import { deepStrictEqual, equal } from "node:assert/strict";
import { encodeEvent } from "../../src/codec/mod.ts";
import { BUCKET, type Pipeline, startPipeline, STREAM } from "../e2e/pipeline.ts";
import { startKinesalite } from "../support/kinesalite.ts";
import { type KinesisProxy, startKinesisProxy } from "../support/kinesis_proxy.ts";
import { TritonProcess } from "../support/triton_process.ts";
import type { S3Operation } from "../support/s3_server.ts";

const DOCUMENT = new URL("../../docs/permissions.md", import.meta.url);

/** The permission that an S3 request needs. */
const S3_ACTIONS: Partial<Record<S3Operation, string>> = {
  ListObjectsV2: "s3:ListBucket",
  HeadBucket: "s3:ListBucket",
  GetObject: "s3:GetObject",
  HeadObject: "s3:GetObject",
  PutObject: "s3:PutObject",
};

/** The rows of the document's table: the permissions of each command. */
async function documented(): Promise<Map<string, string[]>> {
  const text = (await Deno.readTextFile(DOCUMENT)).split(/^## /m)
    .find((part) => part.startsWith("AWS, by command"))!;
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));
  const codes = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
  return new Map(rows.flatMap((row) => {
    const [, commands, ...cells] = row.split("|");
    return codes(commands!).map((command) => [command, cells.flatMap(codes).sort()] as const);
  }));
}

/** The actions of each policy of the document, by the heading above it. */
async function policies(): Promise<Map<string, Set<string>>> {
  const text = await Deno.readTextFile(DOCUMENT);
  const blocks = text.matchAll(/### ([^\n]+)\n[^#]*?```json\n(.*?)```/gs);
  return new Map([...blocks].map(([, title, json]) => {
    const { Version, Statement } = JSON.parse(json!);
    equal(Version, "2012-10-17");
    const actions = (Statement as { Action: string | string[] }[]).flatMap(({ Action }) => Action);
    return [title!, new Set(actions)];
  }));
}

/** Runs a command, and returns the permissions it used. */
async function taken(
  pipeline: Pipeline,
  proxy: KinesisProxy,
  run: () => Promise<{ readonly code: number; readonly stderr: string }>,
): Promise<string[]> {
  proxy.actions.clear();
  const before = { ...pipeline.s3.counts };
  const { code, stderr } = await run();
  equal(code, 0, stderr);
  const operations = Object.keys(pipeline.s3.counts) as S3Operation[];
  const asked = operations.filter((name) => pipeline.s3.counts[name] !== before[name]);
  const actions = asked.map((name) => S3_ACTIONS[name] ?? name);
  return [...new Set([...proxy.actions].map((action) => `kinesis:${action}`).concat(actions))]
    .sort();
}

Deno.test("docs/permissions.md lists exactly the permissions that each command needs", async () => {
  const server = await startKinesalite();
  await using proxy = startKinesisProxy(server.url);
  await using pipeline = await startPipeline({ kinesis: { ...server, url: proxy.url } });
  const table = await documented();
  const stream = ["--stream", "clicks"];
  const client = ["--client-name", "store"];
  const run = (command: string, ...args: string[]) => () =>
    pipeline.run([...command.split(" "), ...args]);
  // Whether a record over 1 MiB may be put depends on the stream, which is asked; this one refuses it.
  const put = async () => {
    const { code } = await pipeline.run(["put", ...stream], '{"id":"a"}\n');
    equal(code, 0);
    const large = JSON.stringify({ id: "large", text: "x".repeat(2 ** 20) });
    const { code: refused, stderr } = await pipeline.run(["put", ...stream], `${large}\n`);
    return { code: refused === 1 ? 0 : 1, stderr };
  };
  // Twice, because the second worker looks at what the first one archived.
  const store = async () => {
    for (let turn = 0;; turn++) {
      await using worker = pipeline.store();
      await worker.until(/Archived .*closed by time/);
      const result = await worker.stop("SIGTERM");
      if (turn === 1 || result.code !== 0) return result;
      const data = encodeEvent({ id: "b" });
      await server.kinesis.putRecords(STREAM, [{ partitionKey: "b", data }]); // past the proxy
    }
  };
  // After that: it looks at what has been archived.
  const storeLike = async (...tags: readonly string[]) => {
    await server.tagStream(STREAM, { team: "data" });
    const data = encodeEvent({ id: "d" });
    await server.kinesis.putRecords(STREAM, [{ partitionKey: "d", data }]); // past the proxy
    const args = ["store", "--rotate", "1s", "--streams-like", "clicks_*", ...tags];
    await using worker = new TritonProcess(args, { env: pipeline.env });
    await worker.until(/Archived .*closed by time/);
    return await worker.stop("SIGTERM");
  };
  // Two events are archived, and a third is in the stream alone.
  const tailFrom = async () => {
    const data = encodeEvent({ id: "c" });
    await server.kinesis.putRecords(STREAM, [{ partitionKey: "c", data }]);
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    return await pipeline.run(["tail", ...stream, "--from", yesterday, "--limit", "3"]);
  };
  const runs: Record<string, () => Promise<{ code: number; stderr: string }>> = {
    put,
    shards: run("shards", ...stream),
    tail: run("tail", ...stream, "--from", "trim-horizon", "--limit", "1"),
    "tail --group": run(
      "tail",
      ...[...stream, "--group", "billing", "--ack", "written", "--limit", "1"],
    ),
    store,
    cat: () => pipeline.cat(),
    ls: run("ls", ...stream),
    "ls --long": run("ls", ...stream, "--long"),
    verify: run("verify", ...stream),
    map: run("map", ...stream),
    quarantine: run("quarantine", ...stream),
    // The second run finds what the first one has put.
    export: async () => {
      const args = ["--to", `s3://${BUCKET}/tables`, "--columns", "id"];
      await run("export", ...stream, ...args)();
      return await run("export", ...stream, ...args, "--check")();
    },
    "tail --from TIME": tailFrom,
    "store --streams-like": storeLike,
    "store --streams-like --tag": () => storeLike("--tag", "team=data"),
    stats: run("stats", ...client),
    "stats --lag": run("stats", ...client, ...stream, "--lag"),
    "checkpoint list": run("checkpoint list", ...stream, ...client),
    "checkpoint set": run(
      "checkpoint set",
      ...[...stream, "--client-name", "billing", "--shard", "shardId-000000000000", "--to", "1"],
    ),
    "checkpoint rewind": run(
      "checkpoint rewind",
      ...[...stream, "--client-name", "billing", "--to", "2020-01-01"],
    ),
    "checkpoint recover": run("checkpoint recover", ...stream),
    // The archive is read, and has no such gap.
    "checkpoint accept-gap": async () => {
      const args = ["0123456789ab", ...stream, "--by", "ada"];
      const { code, stderr } = await run("checkpoint accept-gap", ...args)();
      return { code: code === 2 ? 0 : 1, stderr };
    },
    doctor: run("doctor", ...stream),
    "checkpoint forget": async () => {
      proxy.description = { StreamCreationTimestamp: 1 };
      return await run("checkpoint forget", ...stream)();
    },
  };
  const found = new Map<string, string[]>();
  for (const [command, act] of Object.entries(runs)) {
    found.set(command, await taken(pipeline, proxy, act));
  }
  for (const [command, actions] of found) deepStrictEqual(actions, table.get(command), command);
  deepStrictEqual([...table.keys()].sort(), [...found.keys()].sort());
});

/** The commands of each policy. */
const POLICIES: Readonly<Record<string, readonly string[]>> = {
  "The archiver": ["store", "doctor"],
  "The archiver of many streams": ["store --streams-like", "store --streams-like --tag"],
  "A reader of archives": [
    "cat",
    "ls",
    "ls --long",
    "verify",
    "map",
    "quarantine",
    "checkpoint recover",
    "checkpoint accept-gap",
  ],
  "An exporter of tables": ["export"],
  "A consumer": ["tail", "shards", "stats --lag", "checkpoint rewind"],
  "A consumer that begins in the archive": ["tail --from TIME"],
  "A producer": ["put"],
};

Deno.test("the policies in docs/permissions.md allow exactly what their commands need", async () => {
  const [table, found] = [await documented(), await policies()];
  deepStrictEqual([...found.keys()], Object.keys(POLICIES));
  for (const [title, commands] of Object.entries(POLICIES)) {
    const needed = new Set(commands.flatMap((command) => table.get(command)!));
    deepStrictEqual([...found.get(title)!].sort(), [...needed].sort(), title);
  }
});
