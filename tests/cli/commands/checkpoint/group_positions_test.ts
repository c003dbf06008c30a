import { deepStrictEqual, equal, match } from "node:assert/strict";
import { readLedger } from "../../../../src/ledger/read_ledger.ts";
import { shard } from "../../../checkpoint/contract.ts";
import { fillGroup, FIRST, LEASE_MS, SAVED } from "../../../ledger/groups/group_rows.ts";
import { type ArchivePlace, withArchive } from "../../archive_place.ts";

/** Runs a command on the positions of group `billing`. */
function checkpoint({ run, database }: ArchivePlace, command: string, ...args: readonly string[]) {
  const place = ["--checkpoint-db", database, "--client-name", "billing"];
  return run(`checkpoint ${command}`, [...place, ...args]);
}

/** The shards of the group: number, state, position, owner, epoch. */
async function shardsIn({ database }: ArchivePlace): Promise<string[]> {
  const [group] = (await readLedger(database)).groups!;
  return group!.shards.map(({ shardId, state, position = "-", owner = "none", epoch }) =>
    `${Number(shardId.slice(-3))} ${state} ${position} ${owner.slice(0, 11)} ${epoch}`
  );
}

const BEFORE = [
  "0 ended 50 none 1",
  "1 open 60 member-1111 1",
  "2 open - none 1",
  "3 open - member-1111 1",
];

const LIST = `\
shard                 position     saved                 state  owner
shardId-000000000000  50           2026-01-01T00:00:00Z  ended
shardId-000000000001  60           2026-01-01T00:00:00Z  open   member-1111aaaabbbbcccc until 2125-12-08T00:00:00Z
shardId-000000000002  no position                        open
shardId-000000000003  no position                        open   member-1111aaaabbbbcccc until 2125-12-08T00:00:00Z

member                   lease                         shards    last error
member-1111aaaabbbbcccc  until 2125-12-08T00:00:00Z    2 shards
member-2222aaaabbbbcccc  until 2125-12-08T00:00:00Z    0 shards  Error: no such customer
member-3333aaaabbbbcccc  expired 2026-01-01T00:00:00Z  0 shards  out of memory
`;

Deno.test("triton checkpoint list prints the shards of a group, and its members", () =>
  withArchive(async (place) => {
    await fillGroup(place.database);
    const { code, stdout, stderr } = await checkpoint(place, "list");
    deepStrictEqual([code, stderr], [0, ""]);
    equal(stdout, LIST);
    const json = await checkpoint(place, "list", "--json");
    const lines = json.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    const until = new Date(SAVED + LEASE_MS).toISOString();
    deepStrictEqual(lines[1], {
      ...{ client: "billing", stream: "clicks", shardId: shard(1), sequenceNumber: "60" },
      ...{ updatedAt: "2026-01-01T00:00:00.000Z", state: "open" },
      ...{ owner: FIRST, leasedUntil: until },
    });
    deepStrictEqual(lines[4].member.shards, [shard(1), shard(3)]);
    equal(lines.length, 7);
  }));

Deno.test("triton checkpoint set moves a shard of a group while its members run", () =>
  withArchive(async (place) => {
    await fillGroup(place.database);
    const to = (shardId: string, to: string, ...more: string[]) =>
      checkpoint(place, "set", "--shard", shardId, "--to", to, ...more);
    const dry = await to(shard(1), "55", "--dry-run");
    deepStrictEqual([dry.code, dry.stdout, dry.stderr], [
      0,
      "shardId-000000000001  60  ->  55\n1 position would be moved\n",
      "",
    ]);
    deepStrictEqual(await shardsIn(place), BEFORE);
    const done = await to(shard(1), "55");
    equal(
      done.stdout,
      "shardId-000000000001  60  ->  55\n" +
        "1 position moved; the members of the group continue there\n",
    );
    deepStrictEqual(await shardsIn(place), [
      ...BEFORE.slice(0, 1),
      "1 open 55 none 2", // lost to its member, which still has the other one
      ...BEFORE.slice(2),
    ]);
    equal((await to(shard(1), "55")).stdout, "All positions are already there\n");
    const unknown = await to(shard(7), "1");
    deepStrictEqual([unknown.code, unknown.stderr], [
      1,
      `triton: Cannot set the position of ${
        shard(7)
      }: group "billing" does not know that shard of ` +
      '"clicks" yet\n',
    ]);
  }));

Deno.test("triton checkpoint set to before a split reads the parent again, then its children", () =>
  withArchive(async (place) => {
    await fillGroup(place.database);
    const args = ["--shard", shard(0), "--to", "40"];
    const expected = [
      "shardId-000000000000  50  ->  40",
      "shardId-000000000001  60  ->  its oldest record",
    ];
    const dry = await checkpoint(place, "set", ...args, "--dry-run");
    deepStrictEqual(dry.stdout.split("\n"), [...expected, "2 positions would be moved", ""]);
    const done = await checkpoint(place, "set", ...args);
    deepStrictEqual(done.stdout.split("\n").slice(0, 2), expected);
    deepStrictEqual(await shardsIn(place), [
      ...["0 open 40 none 2", "1 open - none 2", "2 open - none 2"],
      BEFORE[3],
    ]);
  }));

Deno.test("commands on archives refuse a client that is a group", () =>
  withArchive(async (place) => {
    await fillGroup(place.database);
    const refused = (what: string) =>
      `triton: ${what}: client "billing" is a consumer group of "clicks", which archives nothing; ` +
      "pass the --client-name of triton store\n";
    for (const dry of [["--dry-run"], []]) {
      const recovered = await checkpoint(place, "recover", ...dry);
      deepStrictEqual([recovered.code, recovered.stderr], [
        1,
        refused("Cannot recover checkpoints"),
      ]);
      const moved = await checkpoint(place, "move-bucket", ...dry);
      deepStrictEqual([moved.code, moved.stderr], [1, refused("Cannot move the archive")]);
    }
    deepStrictEqual((await readLedger(place.database)).checkpoints, []);
  }));

Deno.test("the help of triton checkpoint rewind says that members need not be stopped", () =>
  withArchive(async ({ run }) => {
    const { stdout } = await run("checkpoint rewind", ["--help"]);
    match(stdout.replaceAll(/\s+/g, " "), /Do not stop the members of a consumer group:/);
  }));
