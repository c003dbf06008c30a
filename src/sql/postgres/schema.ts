/**
 * Which schema of a PostgreSQL database Triton's tables are in, and who could put something of their
 * own in their place.
 *
 * Whoever may create objects in a schema of the search path can give others theirs to run
 * (CVE-2018-1058): a table of the right name with a trigger, or an operator that fits better than
 * the server's. So the search path is used once, to find the schema; everything else names it, with
 * `pg_catalog` alone on the path, and the owners of schema and tables must be trusted.
 *
 * @module
 */

import type { Sql } from "postgres";
import { CheckpointError } from "../../base/errors.ts";
import type { Intruder } from "../database.ts";
import { TABLES } from "../tables.ts";

/**
 * Statements after this one, in one text or one transaction, see the server's own functions and
 * operators alone.
 */
export const SAFE_PATH = "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)";

/** Where the search path leads, with nothing that it could lead astray. */
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
 * Finds the schema of Triton's tables: the first one of the search path that has them; or, while
 * there are none, the first one, in which tables are created.
 *
 * @param sql One session, or a pool of sessions with one search path.
 * @param tableOwner A role that is trusted beside the usual ones.
 * @returns The schema's name.
 * @throws {CheckpointError} With code `NoSchema` if there is none to create tables in,
 * `SeveralSchemas` if the tables are in more than one, `Untrusted` if the schema or a table belongs
 * to somebody who is not trusted (see {@linkcode trusted}).
 */
export async function findSchema(sql: Sql, tableOwner?: string): Promise<string> {
  const rows = await sql.unsafe<Found[]>(FIND);
  const placed = rows.filter(({ schema }) => schema !== null);
  const schema = placed[0]?.schema ?? rows[0]?.first ?? undefined;
  if (schema === undefined) {
    throw refusal("NoSchema", "no schema of the search path is there, or may be used");
  }
  const astray = placed.find((row) => row.schema !== schema);
  if (astray !== undefined) {
    throw refusal(
      "SeveralSchemas",
      `"${placed[0]!.table}" is in schema "${schema}", but "${astray.table}" is in ` +
        `"${astray.schema}": move one of them by ALTER TABLE ... SET SCHEMA ...`,
    );
  }
  await checkOwners(sql, schema, tableOwner);
  return schema;
}

/**
 * Who may own Triton's tables and their schema: we ourselves, roles that we belong to, superusers,
 * the owner of the database, and whoever can become one of them by SET ROLE.
 *
 * For a superuser, `pg_has_role` says that it belongs to all roles; so its own are looked up.
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
 * Looks for roles that are not trusted, and yet could run code as us: by creating objects in the
 * schema, or triggers on the tables, or by changing the functions of triggers that are there.
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

/** Asks one statement without values on any driver, in a transaction of its own. */
export async function askSafely<R extends object>(sql: Sql, statement: string): Promise<R[]> {
  const results = await sql.unsafe(`${SAFE_PATH}; ${statement}`) as unknown as R[][];
  return [...results.at(-1)!];
}

/**
 * Names the schema of Triton's tables in a statement, wherever one of them follows on a keyword; and
 * puts the schema's name for `{schema}`.
 */
export function inSchema(schema: string, statement: string): string {
  return statement
    .replaceAll("{schema}", () => literal(schema))
    .replace(
      /\b(FROM|JOIN|INTO|UPDATE|TABLE|ON)(\s+)(triton_\w+)/g,
      (_, keyword, space, table) => `${keyword}${space}${identifier(schema)}.${table}`,
    );
}

/** A name in a statement. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text in a statement, whatever `standard_conforming_strings` is. */
export function literal(text: string): string {
  if (text.includes("\0")) {
    throw Object.assign(new Error("PostgreSQL stores no text with a NUL"), { code: "22021" });
  }
  const quoted = text.replaceAll("'", "''");
  return quoted.includes("\\") ? `E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}

function refusal(code: string, why: string): CheckpointError {
  return new CheckpointError(`Cannot use the checkpoint database: ${why}`, {
    code,
    retryable: false,
  });
}
