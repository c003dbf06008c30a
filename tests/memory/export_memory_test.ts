import { equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { runMeasured } from "../../bench/support/child.ts";
import { makeObjects } from "../../bench/support/events.ts";
import { mulberry32 } from "../../src/base/clock.ts";
import { DirectoryObjectStore } from "../../src/objects/mod.ts";
import { archiveOf } from "../archive/archives.ts";
import { outputsIn } from "../archive/export/tables.ts";
import { tritonCommand } from "../support/triton_command.ts";

/** The bound of docs/commands.md, in MB. */
const LIMIT_MB = 300 * 2 ** 20 / 1e6;

/** Streams with one archive each: of how many copies of 10 MB of events it is made. */
const COPIES: Readonly<Record<string, number>> = { large: 30, days: 12 };

const EVENTS = 22_000;

/** Days that their times are of, at random. */
const DAYS = 300;

const COLUMNS = "event, amount:double, id, time:double, created_at, at:timestamp(iso), " +
  "user.id:int64, user.visits:int64, user.member:boolean, client.ip, client.agent, client.screen:json, " +
  "geo.country, geo.city, geo.lat:double, geo.lon:double, page.path, page.title, " +
  "metrics.load_ms:double, metrics.scroll:double, metrics.clicks:int64, items:list<int64>";

/** As many leaves as a schema may have. */
const MANY_COLUMNS = `${COLUMNS}, ${
  Array.from({ length: 177 }, (_, i) => `more.c${i}:int64`).join(", ")
}`;

Deno.test({
  name: "triton export keeps its memory below 300 MiB, whatever the size of an archive",
  ignore: Deno.build.os !== "linux",
  async fn(test) {
    const directory = await Deno.makeTempDir();
    try {
      const archives = new DirectoryObjectStore(join(directory, "archives"));
      const random = mulberry32(1);
      const events = Array.from(makeObjects(EVENTS), (event) => ({
        ...event,
        at: new Date(1443657600_000 - Math.floor(random() * DAYS) * 86_400_000).toISOString(),
      }));
      const part = archiveOf(events);
      const config = join(directory, "triton.yaml");
      for (const [stream, copies] of Object.entries(COPIES)) {
        const key = `20151001/${stream}-store-1443657600.tri`;
        await archives.put(key, Array<Uint8Array>(copies).fill(part));
        await Deno.writeTextFile(config, `${stream}:\n  name: ${stream}\n`, { append: true });
      }
      const cases: Record<string, readonly string[]> = {
        "by the day of the archive": ["large"],
        "by the day of a column, with 199 leaves": [
          ...["days", "--partition-by", "at:day", "--columns", MANY_COLUMNS],
        ],
        "by the day of a column, as CSV": [
          ...["days", "--partition-by", "at:day", "--columns", COLUMNS, "--format", "csv"],
        ],
      };
      for (const [name, args] of Object.entries(cases)) {
        await test.step(name, async () => {
          const table = new DirectoryObjectStore(join(directory, `table ${name}`));
          const { peakMb } = await runMeasured([
            ...tritonCommand(),
            ...["export", "--config", config, "--bucket", archives.url, "--to", table.url],
            ...["--stream", ...args],
          ]);
          equal((await outputsIn(table)).length > 1, true);
          ok(peakMb! < LIMIT_MB, `${Math.round(peakMb!)} MB, over ${Math.round(LIMIT_MB)} MB`);
        });
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
