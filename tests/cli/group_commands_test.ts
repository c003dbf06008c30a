/** The commands that look at a consumer group, and move it, while its members run. */

import { deepStrictEqual, equal, match } from "node:assert/strict";
import { startPipeline, STREAM } from "../e2e/pipeline.ts";
import { shardId } from "../archive/chain_archives.ts";
import { TritonProcess } from "../support/triton_process.ts";
import { untilTrue } from "../support/within.ts";

const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `{"id":"${from + n}"}\n`).join("");

/** How often each ID is in some lines. */
function countsOf(text: string): Map<number, number> {
  const counts = new Map<number, number>();
  for (const [id] of text.matchAll(/\d+/g)) {
    counts.set(Number(id), (counts.get(Number(id)) ?? 0) + 1);
  }
  return counts;
}

Deno.test("stats shows a running group, and checkpoint rewind moves it to before a split", async () => {
  await using pipeline = await startPipeline();
  const { env, run, kinesis } = pipeline;
  const put = (from: number, to: number) => run(["put", "--stream", "clicks"], lines(from, to));
  const member = () => {
    const args = ["tail", "--stream", "clicks", "--group", "billing", "--ack", "written"];
    return new TritonProcess(args, { env });
  };
  await using first = member();
  await first.until(/group.joined/);
  await using second = member();
  const printed = () => first.output + second.output;
  const untilPrinted = (count: number) =>
    untilTrue(() => Promise.resolve(printed().split("\n").length > count), `${count} events`);
  const stats = async () => {
    const args = ["stats", "--stream", "clicks", "--client-name", "billing", "--lag", "--json"];
    const { code, stdout, stderr } = await run(args);
    equal(code, 0, stderr);
    const rows = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    return {
      shards: rows.filter((row) => row.shardId),
      members: rows.flatMap((row) => row.member ?? []),
    };
  };
  /** Waits until everything is processed and saved, by two members that share the shards. */
  const untilSaved = (shards: number, ended: number) =>
    untilTrue(async () => {
      const found = await stats();
      return found.shards.length === shards && found.shards.every(({ lagMs }) => lagMs === 0) &&
        found.shards.filter(({ state }) => state === "ended").length === ended &&
        found.members.length === 2 && found.members.every((row) => row.shards.length > 0);
    }, "the group to have saved everything");

  await put(0, 100);
  await untilPrinted(100);
  await untilSaved(2, 0);
  await kinesis.splitShard(STREAM, shardId(0));
  await put(100, 150);
  await untilPrinted(150);
  await untilSaved(4, 1);

  const rewind = ["checkpoint", "rewind", "--stream", "clicks", "--client-name", "billing"];
  const dry = await run([...rewind, "--to", "trim-horizon", "--dry-run"]);
  match(dry.stdout, /^shardId-000000000000 .*\n(.*\n)*\d positions would be moved\n$/);
  equal(printed().split("\n").length, 151);
  const moved = await run([...rewind, "--to", "trim-horizon"]);
  equal(moved.code, 0, moved.stderr);
  match(moved.stdout, /\d positions moved; the members of the group continue there\n$/);
  await untilPrinted(300);
  await untilSaved(4, 1);
  const counts = countsOf(printed());
  deepStrictEqual([counts.size, [...counts.values()].every((count) => count === 2)], [150, true]);

  const list = await run(["checkpoint", "list", "--stream", "clicks", "--client-name", "billing"]);
  match(list.stdout, /\nshardId-0{12} +\d+ +\S+Z {2}ended\n(.*\n)*\nmember +lease +shards/);
  const ends = await Promise.all([first.stop("SIGTERM"), second.stop("SIGTERM")]);
  deepStrictEqual(ends.map(({ code }) => code), [0, 0]);
  const { members, shards } = await stats();
  deepStrictEqual([members, shards.every(({ owner }) => owner === null)], [[], true]);
});
