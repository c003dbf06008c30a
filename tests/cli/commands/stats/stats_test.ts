import { deepStrictEqual, equal, match } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { VirtualClock } from "../../../../src/base/clock.ts";
import { GO_TRITON_ROWS, GO_TRITON_TABLE } from "../../../checkpoint/go_triton.ts";
import { runCommand } from "../../fake_context.ts";

const NOW = 1_436_553_600;

/** Runs `triton stats` with a database of go-triton. */
async function stats(...args: string[]) {
  const path = await Deno.makeTempFile({ suffix: ".db" });
  try {
    const database = new DatabaseSync(path);
    database.exec(GO_TRITON_TABLE);
    database.exec(GO_TRITON_ROWS);
    database.close();
    return await runCommand(["stats", ...args], {
      env: { TRITON_DB: `sqlite://${path}` },
      clock: new VirtualClock({ now: NOW * 1000 + 999 }),
    });
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("stats prints a client's positions as go-triton does", async () => {
  const { code, stdout, stderr } = await stats("--client-name", "store");
  deepStrictEqual([code, stderr], [0, ""]);
  equal(
    stdout,
    `store.user_activity_prod.shardId-000000000000.age 19 ${NOW}\n` +
      `store.user_activity_prod.shardId-000000000001.age 18 ${NOW}\n`,
  );
});

Deno.test("stats --json prints them as objects", async () => {
  const { code, stdout } = await stats("--client-name", "other", "--json");
  equal(code, 0);
  deepStrictEqual(JSON.parse(stdout), {
    client: "other",
    stream: "user_activity_prod",
    shardId: "shardId-000000000000",
    sequenceNumber: "8",
    updatedAt: "2015-07-10T18:39:43.000Z",
    ageSeconds: 17,
  });
});

Deno.test("stats prints nothing for a client without positions", async () => {
  const { code, stdout } = await stats("--client-name", "nobody");
  deepStrictEqual([code, stdout], [0, ""]);
});

for (
  const url of [
    "postgres://triton:s3cret@127.0.0.1:9/triton",
    "postgres:/triton:s3cret@127.0.0.1:9/triton",
    "postgres://triton:s3cret@127.0.0.1:port/triton",
    "mysql://triton:s3cret@127.0.0.1/triton",
    "postgres://triton:s3cret@/triton?host=a b&password=s3cret",
  ]
) {
  Deno.test(`stats never prints the password of ${url}`, async () => {
    for (const verbose of [[], ["--verbose"]]) {
      const args = [...verbose, "stats", "--client-name", "store"];
      const { code, stdout, stderr } = await runCommand(args, { env: { TRITON_DB: url } });
      deepStrictEqual([code, stdout], [1, ""]);
      match(stderr, /Cannot open the checkpoint database/);
      equal(stderr.includes("s3cret"), false, stderr);
    }
  });
}
