import type { Database } from "../../sql/database.ts";
import { execute } from "../../sql/steps.ts";
import type { ClientGroup, GroupFilter } from "./read_groups.ts";

/**
 * Reads groups, from a database that may not have their tables. Most have none, and then what reads them
 * is not loaded.
 *
 * @returns The groups; undefined if the user may not read their tables.
 */
export async function findGroups(
  database: Database,
  filter: GroupFilter,
): Promise<ClientGroup[] | undefined> {
  const what = "Cannot read groups";
  const { dialect } = database;
  const [table] = await database.run(what, () => execute(dialect.findTable, "triton_group"));
  if (table === undefined) return [];
  const { readGroups } = await import("./read_groups.ts");
  return await database.run(what, () => readGroups(dialect, filter));
}
