import { equal } from "node:assert/strict";
import { connect } from "node:net";
import { once } from "node:events";
import { isPassing } from "../../../src/shards/group/passing.ts";

/** What a promise is rejected with. */
const failureOf = (work: Promise<unknown>) => work.then(() => undefined, (error) => error);

Deno.test("isPassing() holds for a server whose socket file is gone, but for no other missing file", async () => {
  const missing = "/nonexistent/socket";
  const socket = connect(missing);
  const [refused] = await once(socket, "error");
  equal(isPassing(new Error("an ORM's", { cause: refused })), true);
  equal(isPassing(await failureOf(Deno.readTextFile(missing))), false);
  const { readFile } = await import("node:fs/promises");
  equal(isPassing(await failureOf(readFile(missing))), false);
});
