import { equal } from "node:assert/strict";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import type { StartPosition } from "../../src/kinesis/mod.ts";
import { planShards } from "../../src/shards/plan_shards.ts";
import { shards } from "./shards_by_name.ts";

/** The plan as text: `a:latest b:trim-horizon c:after 5`. */
function plan(
  text: string,
  from: "latest" | "trim-horizon" | Date,
  checkpoints: Record<string, string> = {},
  own: Record<string, StartPosition> = {},
): string {
  const start = from instanceof Date
    ? { type: "at-timestamp", timestamp: from } as const
    : { type: from };
  const entries = Object.entries(checkpoints) as [ShardId, SequenceNumber][];
  const starts = new Map(Object.entries(own) as [ShardId, StartPosition][]);
  const found = planShards(shards(text), { checkpoints: new Map(entries), starts, from: start });
  return [...found].map(([id, position]) => `${id}:${describe(position)}`).join(" ");
}

function describe(position: StartPosition): string {
  if (position.type === "after") return `after ${position.sequenceNumber}`;
  return position.type === "at-timestamp" ? position.timestamp.toISOString() : position.type;
}

Deno.test("planShards() begins where it is told in shards that nothing is known of", () => {
  const time = new Date("2026-01-01T00:00:00Z");
  equal(plan("a b", "latest"), "a:latest b:latest");
  equal(plan("a b<a", "trim-horizon"), "a:trim-horizon b:trim-horizon");
  equal(plan("a b<a", time), "a:2026-01-01T00:00:00.000Z b:2026-01-01T00:00:00.000Z");
});

Deno.test("planShards() passes over closed shards for latest", () => {
  equal(plan("a b<a c<a d<b", "latest"), "c:latest d:latest");
});

Deno.test("planShards() goes on after checkpoints, and at the horizon in what comes from them", () => {
  equal(
    plan("a b<a c<b d", "latest", { a: "5" }),
    "a:after 5 b:trim-horizon c:trim-horizon d:latest",
  );
  equal(plan("a b<a", "latest", { a: "9", b: "12" }), "a:after 9 b:after 12");
});

Deno.test("planShards() knows children of a shard with a checkpoint that has left the stream", () => {
  equal(plan("b<a c", "latest", { a: "5" }), "b:trim-horizon c:latest");
});

Deno.test("planShards() finds what comes from a checkpoint through many generations quickly", () => {
  const names = Array.from({ length: 200 }, (_, i) => String.fromCharCode(0x4e00 + i));
  const rows = names.map((name, i) => i < 2 ? name : `${name}<${names[i - 1]}${names[i - 2]}`);
  const found = plan(rows.reverse().join(" "), "latest", { [names[0]!]: "5" });
  equal(found.split(" ").filter((part) => part.endsWith(":trim-horizon")).length, 198);
});

Deno.test("planShards() begins certain shards where it is told, and goes on from there", () => {
  const horizon = { type: "trim-horizon" } as const;
  const latest = { type: "latest" } as const;
  const at = (time: string) => ({ type: "at-timestamp", timestamp: new Date(time) }) as const;
  const after = { type: "after", sequenceNumber: "7" as SequenceNumber } as const;
  equal(
    plan("a b c", "latest", { a: "5" }, { a: after, b: after }),
    "a:after 5 b:after 7 c:latest",
  );
  equal(plan("a b<a c<b d", "latest", {}, { a: after }), planned("a:after 7", "d:latest"));
  equal(plan("a b<a c<b d", "latest", {}, { a: horizon }), planned("a:trim-horizon", "d:latest"));
  equal(plan("a b<a c<b d", "trim-horizon", {}, { a: latest }), "c:latest d:trim-horizon");
  equal(plan("a b<a c<b", "latest", {}, { a: horizon, b: latest }), "a:trim-horizon c:latest");
  const [early, late] = ["2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"];
  equal(
    plan("a b c<ab d", "latest", {}, { a: at(late), b: at(early) }),
    `a:${late} b:${early} c:${early} d:latest`,
  );
  equal(plan("b<a", "latest", {}, { a: after }), "b:trim-horizon");
  // A child that goes on from a shard whose records are wanted is wanted from its first record on.
  equal(plan("a b c<ab", "latest", {}, { a: latest, b: after }), "b:after 7 c:trim-horizon");
});

function planned(a: string, d: string): string {
  return `${a} b:trim-horizon c:trim-horizon ${d}`;
}
