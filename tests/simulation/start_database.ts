import { startPostgres } from "../support/postgres.ts";
import type { Database, DatabaseName } from "./databases.ts";

/** Databases that are there until they are disposed of. */
export interface RunningDatabase extends AsyncDisposable {
  readonly database: Database;
}

/** Starts what a kind of database needs: one server, for all thread. */
export async function startDatabase(name: DatabaseName): Promise<RunningDatabase> {
  if (name !== "postgres") {
    return { database: name, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const server = await startPostgres();
  return {
    database: server.url as `postgres://${string}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
