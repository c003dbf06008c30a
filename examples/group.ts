/**
 * A consumer group whose effects happen exactly once: writes earthquakes into a table of PostgreSQL,
 * until Ctrl-C or SIGTERM. Start it as often as you like, also at once: the processes share the shards. Each
 * earthquake is in the table once, even if processes are killed: rows and positions are committed
 * together.
 *
 * ```sh
 * deno run --no-prompt \
 *   --allow-net=kinesis.us-east-1.amazonaws.com:443,localhost:5432 \
 *   --allow-env=AWS_*,PG*,HOME,HOMEDRIVE,HOMEPATH,USERPROFILE,USER,LOGNAME,_X_AMZN_TRACE_ID \
 *   --allow-sys=osRelease,homedir,uid \
 *   examples/group.ts postgres://me:secret@localhost:5432/quakes
 * ```
 *
 * @module
 */

import { getNumber, getString, openGroup } from "@triton/triton";
import postgres from "postgres";

const database = Deno.args[0] ?? "postgres://localhost:5432/quakes";
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => stop.abort());
}

{
  const sql = postgres(database, { onnotice: () => {} });
  await sql`create table if not exists quake (id text, place text, magnitude float8)`;
  await sql.end();
}

await using group = await openGroup("earthquakes_prod", {
  database,
  client: "quakes",
  signal: stop.signal,
});
await group.transact(async (tx, { records }) => {
  const rows = records.map(({ data }) => ({
    id: getString(data, "id") ?? null,
    place: getString(data, "properties.place") ?? null,
    magnitude: getNumber(data, "properties.mag") ?? null,
  }));
  await tx`insert into quake ${tx(rows)}`;
  const [found] = await tx`select count(*) from quake`;
  console.log(`${found!.count} earthquakes`);
}, { concurrency: 1 });
