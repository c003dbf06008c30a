import { deepStrictEqual, equal, match } from "node:assert/strict";
import { query } from "../sql/postgres/support.ts";
import { startPostgres } from "../support/postgres.ts";
import { type ExampleOptions, LocalServers } from "./local_servers.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);
const EVENTS = (await Deno.readTextFile(new URL("data/earthquakes.ndjson", EXAMPLES))).trimEnd()
  .split("\n").map((line) => JSON.parse(line));

/**
 * Programs that are run elsewhere: the demo by `demo_test.ts`, the servers by every test here, the shell script by
 * `tests/cli/group_live_test.ts`.
 */
const SUPPORT = ["demo.ts", "local.ts", "group.sh"];
const STRONG = EVENTS.filter(({ properties }) => properties.mag >= 5);
const TODAY = new Date().toISOString().slice(0, 10);
const YESTERDAY = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);

Deno.test("Examples run as documented, with the permissions in their comments", async (t) => {
  await using servers = await LocalServers.start();
  const ran = new Set(SUPPORT);
  const run = async (name: string, args: string[] = [], options: ExampleOptions = {}) => {
    ran.add(name);
    const { code, stdout, stderr } = await servers.run(name, args, options);
    equal(code, 0, `${name}: ${stderr}`);
    return stdout.trimEnd().split("\n");
  };

  await t.step(
    "consumer.ts prints each strong earthquake, and none again after a restart",
    async () => {
      const all = new RegExp(`(.*\n){${STRONG.length}}`);
      const lines = await run("consumer.ts", [], { stopAt: all });
      const expected = STRONG.map(({ properties: { mag, place } }) => `${mag} ${place}`);
      deepStrictEqual(lines.sort(), expected.sort());
      const event = { id: "x", properties: { mag: 9.5, place: "here", net: "test" } };
      await run("producer.ts", [], { input: `${JSON.stringify(event)}\n` });
      deepStrictEqual(await run("consumer.ts", [], { stopAt: /here/ }), ["9.5 here"]);
    },
  );

  await t.step("group.ts writes each earthquake once, and none again after a restart", async () => {
    await using server = await startPostgres();
    const write = (count: number) =>
      run("group.ts", [server.url], {
        stopAt: new RegExp(`^${count} earthquakes$`, "m"),
        postgres: `127.0.0.1:${server.port}`,
      });
    await write(EVENTS.length + 1);
    const event = { id: "again", properties: { mag: 1, place: "again", net: "test" } };
    await run("producer.ts", [], { input: `${JSON.stringify(event)}\n` });
    deepStrictEqual(await write(EVENTS.length + 2), [`${EVENTS.length + 2} earthquakes`]);
    const rows = await query(server.url, "SELECT id FROM quake");
    equal(new Set(rows.map(({ id }) => id)).size, EVENTS.length + 2);
  });

  await t.step("producer.ts puts what it reads", async () => {
    const lines = [{ id: "y", properties: {} }, { id: "z" }].map((event) => JSON.stringify(event));
    const printed = await run("producer.ts", [], { input: lines.join("\n") });
    deepStrictEqual(printed, ["2 events are in earthquakes_prod"]);
  });

  await t.step(
    "typed_consumer.ts tells the strongest of each network, and what does not fit",
    async () => {
      const { code, stdout, stderr } = await servers.run("typed_consumer.ts");
      ran.add("typed_consumer.ts");
      equal(code, 0, stderr);
      match(stdout, /^us: 6.4, 22km NNE of Hualian, Taiwan$/m);
      match(stdout, /^test: 9.5, here$/m);
      equal(stderr.trimEnd().split("\n").length, 2, stderr);
    },
  );

  await t.step("the examples for archives read archives", async () => {
    const days = await servers.store(EVENTS.length + 4);
    const where = ["s3://triton-local", "earthquakes_prod"];
    const lines = await run("archive_to_ndjson.ts", [...where, YESTERDAY, TODAY]);
    deepStrictEqual(
      lines.map((line) => JSON.parse(line)).filter(({ geometry }) => geometry).sort(byId),
      [...EVENTS].sort(byId),
    );
    let counted = 0;
    for (const day of days) {
      const lines = await run("count_day.ts", [...where, day, "properties.magType"]);
      counted += Number(lines.find((line) => line.endsWith("\tml"))?.split("\t")[0] ?? 0);
    }
    equal(counted, EVENTS.filter(({ properties }) => properties.magType === "ml").length);
  });

  await t.step(
    "backfill.ts goes from the archive into the stream, and on after a restart",
    async () => {
      const backfill = async (place: string) => {
        const event = { id: place, properties: { mag: 9.9, place } };
        await run("producer.ts", [], { input: `${JSON.stringify(event)}\n` });
        const stopAt = new RegExp(`live 9.9 ${place}`);
        return await run("backfill.ts", ["s3://triton-local", YESTERDAY], { stopAt });
      };
      const archived = STRONG.map(({ properties: { mag, place } }) => `archived ${mag} ${place}`);
      const lines = await backfill("there");
      deepStrictEqual(lines.pop(), "live 9.9 there");
      deepStrictEqual(lines.sort(), [...archived, "archived 9.5 here"].sort());
      deepStrictEqual(await backfill("elsewhere"), ["live 9.9 elsewhere"]);
    },
  );

  await t.step("no example is left out", () => {
    const names = [...Deno.readDirSync(EXAMPLES)].filter(({ isFile }) => isFile)
      .map(({ name }) => name);
    deepStrictEqual(names.sort(), [...ran].sort());
  });
});

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
