/**
 * Finds the schema of Triton's tables in PostgreSQL, and roles that could interfere with it.
 *
 * A role that may create objects in a schema of the search path can make others run its code
 * (CVE-2018-1058): by a table of the right name with a trigger, or an operator that matches better
 * than the server's. So the search path is used only once, to find the schema. All other statements
 * name it, with only `pg_catalog` on the path. The owners of schema and tables must be trusted.
 *
 * @module
 */

import type { Sql } from "postgres";
import { CheckpointError } from "../../base/errors.ts";
import type { Intruder } from "../database.ts";
import { TABLES } from "../schema/tables.ts";

/**
 * After this statement, in one text or one transaction, only the server's own functions and operators
 * are visible.
 */
export const SAFE_PATH = "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)";

/** Finds tables on the search path, without using anything else from it. */
const FIND = `SELECT t.name AS "table", n.nspname AS "schema",
    pg_catalog.current_schema() AS "first"
  FROM (VALUES ${TABLES.map((table) => `('${table}')`).join(", ")}) AS t (name)
  LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=)
    CAST(pg_catalog.to_regclass(CAST(t.name AS pg_catalog.text)) AS pg_catalog.oid)
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace`;

interface Found {
  readonly table: string;
  readonly schema: string | null;
  readonly first: string | null;
}

/**
 * Finds the schema of Triton's tables: the first one of the search path that has them. If there are no
 * tables yet, it is the first schema, in which they are created.
 *
 * @param sql One session, or a pool of sessions with one search path.
 * @param tableOwner A role that is trusted in addition to the usual ones.
 * @throws {CheckpointError} With code `NoSchema` if there is no schema to create tables in,
 * `SeveralSchemas` if the tables are in more than one, `Untrusted` if the owner of the schema or of a
 * table is not trusted (see {@linkcode trusted}).
 */
export async function findSchema(sql: Sql, tableOwner?: string): Promise<string> {
  const rows = await sql.unsafe<Found[]>(FIND);
  const placed = rows.filter(({ schema }) => schema !== null);
  const schema = placed[0]?.schema ?? rows[0]?.first ?? undefined;
  if (schema === undefined) {
    throw refusal("NoSchema", "no schema of the search path is there, or may be used");
  }
  const other = placed.find((row) => row.schema !== schema);
  if (other !== undefined) {
    throw refusal(
      "SeveralSchemas",
      `"${placed[0]!.table}" is in schema "${schema}", but "${other.table}" is in ` +
        `"${other.schema}": move one of them by ALTER TABLE ... SET SCHEMA ...`,
    );
  }
  await checkOwners(sql, schema, tableOwner);
  return schema;
}

/**
 * The condition for roles that may own Triton's tables and their schema: the user, its roles,
 * superusers, the owner of the database, and roles that can become one of them by SET ROLE.
 *
 * `pg_has_role` is true for a superuser and any role, so the roles of a superuser are looked up.
 */
function trusted(tableOwner: string | undefined): string {
  return `(
  owner.oid = me.oid OR owner.oid = database.datdba OR owner.rolsuper
  OR owner.rolname IN ('pg_database_owner', ${literal(tableOwner ?? "")})
  OR pg_catalog.pg_has_role(owner.oid, me.oid, 'MEMBER')
  OR pg_catalog.pg_has_role(owner.oid, database.datdba, 'MEMBER')
  OR owner.oid IN (
    WITH RECURSIVE ours (oid) AS (
      SELECT me.oid
      UNION SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN ours ON m.member = ours.oid
    ) SELECT oid FROM ours))`;
}

const FROM_ME = `FROM pg_catalog.pg_roles me
  JOIN pg_catalog.pg_database database ON database.datname = pg_catalog.current_database()`;

const ME = "me.rolname = CURRENT_USER";

async function checkOwners(
  sql: Sql,
  schema: string,
  tableOwner: string | undefined,
): Promise<void> {
  const named = `n.nspname = ${literal(schema)}`;
  const tables = TABLES.map(literal).join(", ");
  const [stranger] = await askSafely<{ what: string; name: string; owner: string }>(
    sql,
    `SELECT owned.what, owned.name, owner.rolname AS owner ${FROM_ME}
    JOIN (
      SELECT 'schema' AS what, n.nspname AS name, n.nspowner AS owner
      FROM pg_catalog.pg_namespace n WHERE ${named}
      UNION ALL SELECT 'table', c.relname, c.relowner
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE ${named} AND c.relname IN (${tables})
    ) owned ON true
    JOIN pg_catalog.pg_roles owner ON owner.oid = owned.owner
    WHERE ${ME} AND NOT ${trusted(tableOwner)} ORDER BY owned.what, owned.name LIMIT 1`,
  );
  if (stranger === undefined) return;
  const { what, name, owner } = stranger;
  throw refusal(
    "Untrusted",
    `${what} "${name}" belongs to role "${owner}", who could run code as this user and is none of ` +
      `its roles, nor the owner of the database; ALTER ${what.toUpperCase()} ... OWNER TO one of ` +
      `these, or, if the role may be trusted, add table_owner=${owner} to the address`,
  );
}

/**
 * Finds roles that are not trusted but could run code as the user: by creating objects in the schema
 * or triggers on the tables, or by changing the functions of existing triggers.
 */
export function findIntruders(
  sql: Sql,
  schema: string,
  tableOwner?: string,
): Promise<Intruder[]> {
  const named = `n.nspname = ${literal(schema)}`;
  const tables = `${named} AND c.relname IN (${TABLES.map(literal).join(", ")})`;
  const ofTables = `pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND ${tables}`;
  return askSafely(
    sql,
    `SELECT DISTINCT COALESCE(owner.rolname, 'public') AS role, power.by ${FROM_ME}
    JOIN (
      SELECT acl.grantee, 'CREATE on schema "' || n.nspname || '"' AS by
      FROM pg_catalog.pg_namespace n
        CROSS JOIN pg_catalog.aclexplode(
          COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) acl
      WHERE ${named} AND acl.privilege_type = 'CREATE'
      UNION ALL SELECT acl.grantee, 'TRIGGER on table "' || c.relname || '"'
      FROM ${ofTables}
        CROSS JOIN pg_catalog.aclexplode(
          COALESCE(c.relacl, pg_catalog.acldefault('r', c.relowner))) acl
      WHERE acl.privilege_type = 'TRIGGER'
      UNION ALL SELECT p.proowner, 'function "' || p.proname || '" of trigger "' || t.tgname
        || '" on table "' || c.relname || '"'
      FROM ${ofTables}
        JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
        JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
    ) power ON true
    LEFT JOIN pg_catalog.pg_roles owner ON owner.oid = power.grantee
    WHERE ${ME} AND (owner.oid IS NULL OR NOT ${trusted(tableOwner)}) ORDER BY role, power.by`,
  );
}

/** Executes one statement without values on any driver, in its own transaction. */
export async function askSafely<R extends object>(sql: Sql, statement: string): Promise<R[]> {
  const results = await sql.unsafe(`${SAFE_PATH}; ${statement}`) as unknown as R[][];
  return [...results.at(-1)!];
}

/**
 * Adds the schema to Triton's tables in a statement, after each keyword that a table can follow, and
 * replaces `{schema}` by the name of the schema.
 */
export function inSchema(schema: string, statement: string): string {
  return statement
    .replaceAll("{schema}", () => literal(schema))
    .replace(
      /\b(FROM|JOIN|INTO|UPDATE|TABLE|ON)(\s+)(triton_\w+)/g,
      (_, keyword, space, table) => `${keyword}${space}${identifier(schema)}.${table}`,
    );
}

/** A name, quoted for a statement. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a literal, for any value of `standard_conforming_strings`. */
export function literal(text: string): string {
  if (text.includes("\0")) {
    throw Object.assign(new Error("PostgreSQL stores no text with a NUL"), { code: "22021" });
  }
  const quoted = text.replaceAll("'", "''");
  return quoted.includes("\\") ? `E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}

function refusal(code: string, why: string): CheckpointError {
  return new CheckpointError(`Cannot use the checkpoint database: ${why}`, { code });
}
