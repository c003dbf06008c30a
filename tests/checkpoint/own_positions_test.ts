import { deepStrictEqual } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openCheckpointer } from "@triton/triton/checkpoint";
import { readLog } from "../support/read_log.ts";
import { positions, shard } from "./contract.ts";

/** What is logged while two readers of one client save. */
async function logOf(
  work: (saves: {
    one: (n: number, position: string) => Promise<void>;
    two: (n: number, position: string) => Promise<void>;
    database: DatabaseSync;
  }) => Promise<void>,
): Promise<unknown[]> {
  using database = new DatabaseSync(":memory:");
  const [one, two] = await Promise.all(
    [1, 2].map(async () => {
      const checkpointer = await openCheckpointer(database, { client: "billing" });
      return (n: number, position: string) =>
        checkpointer.save("clicks", positions({ [n]: position }));
    }),
  );
  return await readLog(() => work({ one: one!, two: two!, database }));
}

const overwritten = {
  ...{ event: "position.overwritten", stream: "clicks", client: "billing", shardId: shard(0) },
};

Deno.test("SqlCheckpointer.save() logs once that another reader has the same client", async () => {
  const log = await logOf(async ({ one, two }) => {
    await one(0, "1");
    await two(0, "2");
    await one(0, "3");
    await one(0, "4");
    await two(0, "5");
    await two(0, "6");
  });
  deepStrictEqual(log, [overwritten, overwritten]);
});

Deno.test("SqlCheckpointer.save() logs nothing of readers that follow each other", async () => {
  const log = await logOf(async ({ one, two }) => {
    await one(0, "1");
    await one(0, "2");
    await two(0, "3");
    await two(1, "1");
    await two(0, "4");
    await two(0, "4");
  });
  deepStrictEqual(log, []);
});

Deno.test("SqlCheckpointer.save() knows a position whose answer was lost", async () => {
  const log = await logOf(async ({ one, database }) => {
    await one(0, "1");
    const { prepare } = database;
    for (const lost of ["2", "3"]) {
      // The statement fails here, and has its effect nevertheless.
      database.prepare = (text) => {
        const statement = prepare.call(database, text);
        if (!text.startsWith("INSERT")) return statement;
        throw new Error("the answer was lost");
      };
      await one(0, lost).catch(() => {});
      database.exec(`UPDATE triton_checkpoint SET seq_num = '${lost}'`);
    }
    database.prepare = prepare;
    await one(0, "4");
  });
  deepStrictEqual(log, []);
});
