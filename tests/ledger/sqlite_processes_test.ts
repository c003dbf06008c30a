import { join } from "node:path";
import { acquireTogether } from "./processes.ts";

Deno.test("openLedger() of a new SQLite file in several processes: each lease goes to one", async () => {
  const directory = await Deno.makeTempDir({ prefix: "triton-ledger-" });
  await acquireTogether(`sqlite://${join(directory, "triton.db")}`);
  await Deno.remove(directory, { recursive: true });
});
