import { deepStrictEqual, equal, match, rejects } from "node:assert/strict";
import {
  type CheckpointError,
  openCheckpointer,
  openLedger,
  readLedger,
} from "@triton/triton/checkpoint";
import { inspectDatabase, rehearseDatabase } from "../../../src/ledger/inspect_database.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { CONTRACT, shard } from "../../checkpoint/contract.ts";
import { LEDGER_CONTRACT, placeIn } from "../../ledger/contract.ts";
import { intent, lease, range } from "../../ledger/support.ts";
import { query } from "./support.ts";

const OPTIONS = { client: "store", stream: "clicks" };

/** Roles of all databases of the server: an archiver, and two who may create things. */
const ROLES = [
  "CREATE ROLE archiver LOGIN PASSWORD 'a'",
  "CREATE ROLE mallory LOGIN PASSWORD 'm'",
  "CREATE ROLE team",
  "CREATE ROLE owner LOGIN PASSWORD 'o'",
];

/** A database in whose schema `public` everybody may create things, as before PostgreSQL 15. */
async function openHouse(
  server: PostgresServer,
): Promise<{ url: string; as: (role: string) => string }> {
  const url = await server.createDatabase();
  const name = new URL(url).pathname.slice(1);
  await query(
    url,
    "GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC",
    `GRANT CREATE ON DATABASE ${name} TO PUBLIC`,
  );
  const as = (role: string) =>
    Object.assign(new URL(url), { username: role, password: role.charAt(0) }).href;
  return { url, as };
}

/** What runs instead of a function or operator of the server, if mallory gets that far. */
const TRAP = `BEGIN RAISE EXCEPTION 'mallory ran code as %', CURRENT_USER; END`;

/** Squats in `public` on every function that Triton's statements call, and on the usual operators. */
const SQUAT = `DO $squat$
DECLARE
  f pg_catalog.record;
  a text;
  b text;
  o text;
BEGIN
  FOR f IN
    SELECT p.proname, pg_catalog.pg_get_function_arguments(p.oid) AS arguments,
      pg_catalog.pg_get_function_result(p.oid) AS result
    FROM pg_catalog.pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND p.proname IN (
      'acldefault', 'aclexplode', 'clock_timestamp', 'coalesce', 'current_database', 'current_schema',
      'current_setting', 'date_part', 'extract', 'floor', 'has_table_privilege', 'json_each_text',
      'now', 'nullif', 'pg_advisory_xact_lock', 'pg_has_role', 'set_config', 'to_regclass', 'int8',
      'text', 'varchar', 'numeric', 'float8', 'count', 'current_user')
  LOOP
    BEGIN
      EXECUTE pg_catalog.format('CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L',
        f.proname, f.arguments, f.result, $trap$${TRAP}$trap$);
    EXCEPTION WHEN OTHERS THEN NULL; -- of types that only C functions may have
    END;
  END LOOP;
  FOREACH a IN ARRAY ARRAY['varchar', 'text', 'int8', 'int4', 'name', 'oid', 'numeric', 'bool', '"char"'] LOOP
    FOREACH b IN ARRAY ARRAY['varchar', 'text', 'int8', 'int4', 'name', 'oid', 'numeric', 'bool', '"char"'] LOOP
      EXECUTE pg_catalog.format('CREATE FUNCTION public.trap(%s, %s) RETURNS bool LANGUAGE plpgsql AS %L',
        a, b, $trap$${TRAP}$trap$);
      FOREACH o IN ARRAY ARRAY['=', '<>', '<', '<=', '>', '>=', '+', '-', '*', '||', '~~'] LOOP
        EXECUTE pg_catalog.format(
          'CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, PROCEDURE = public.trap)', o, a, b);
      END LOOP;
    END LOOP;
  END LOOP;
  EXECUTE $d$CREATE FUNCTION public.trap() RETURNS bool LANGUAGE plpgsql AS $t$${TRAP}$t$ $d$;
  EXECUTE 'CREATE DOMAIN public.text AS pg_catalog.text CHECK (public.trap())';
  EXECUTE 'CREATE DOMAIN public.json AS pg_catalog.json CHECK (public.trap())';
  EXECUTE 'CREATE DOMAIN public.regclass AS pg_catalog.regclass CHECK (public.trap())';
  EXECUTE 'CREATE DOMAIN public.oid AS pg_catalog.oid CHECK (public.trap())';
END $squat$`;

/** A database in which mallory has squatted on everything, and comes before the server's own. */
async function squatted(server: PostgresServer): Promise<{ url: string; archiver: string }> {
  const { url, as } = await openHouse(server);
  await query(as("mallory"), SQUAT);
  const name = new URL(url).pathname.slice(1);
  await query(
    url,
    `ALTER ROLE archiver IN DATABASE ${name} SET search_path = place, public, pg_catalog`,
  );
  return { url, archiver: as("archiver") };
}

Deno.test("PostgreSQL: nobody who may create things runs code as Triton", async (t) => {
  await using server = await startPostgres();
  await query(server.url, ...ROLES);
  const { url, archiver } = await squatted(server);

  await t.step("the trap works: a statement that names no schema falls into it", async () => {
    await query(
      archiver,
      "CREATE SCHEMA place",
      "CREATE TABLE t (client VARCHAR(255))",
      "INSERT INTO t VALUES ('x')",
    );
    await rejects(
      query(archiver, "SELECT 1 FROM t WHERE client = 'x'"),
      /mallory ran code as archiver/,
    );
    await rejects(query(archiver, "SELECT clock_timestamp()"), /mallory ran code as archiver/);
    await rejects(query(archiver, "SELECT CAST('x' AS text)"), /mallory ran code as archiver/);
    await query(archiver, "DROP SCHEMA place CASCADE");
  });

  const place = async () => {
    await query(
      url,
      "DROP SCHEMA IF EXISTS place CASCADE",
      "CREATE SCHEMA place AUTHORIZATION archiver",
    );
  };
  for (const { name, run } of CONTRACT) {
    await t.step(`SqlCheckpointer among squatters: ${name}`, async () => {
      await place();
      await run({
        open: ({ client = "client", clock } = {}) => openCheckpointer(archiver, { client, clock }),
      });
    });
  }
  for (const { name, run } of LEDGER_CONTRACT) {
    await t.step(`openLedger() among squatters: ${name}`, async () => {
      await place();
      await run(placeIn(archiver));
    });
  }
  await t.step(
    "readLedger(), inspectDatabase() and rehearseDatabase() among squatters",
    async () => {
      await place();
      await rehearseDatabase(archiver);
      await (await openLedger(archiver, OPTIONS))[Symbol.asyncDispose]();
      await rehearseDatabase(archiver);
      deepStrictEqual((await readLedger(archiver, OPTIONS)).gaps, []);
      const facts = await inspectDatabase(archiver, OPTIONS);
      deepStrictEqual(facts.intruders, []);
    },
  );
});

/** What opening a ledger fails with. */
async function refusal(url: string): Promise<string> {
  try {
    await (await openLedger(url, OPTIONS))[Symbol.asyncDispose]();
  } catch (error) {
    const { code, retryable, message } = error as CheckpointError;
    deepStrictEqual([code, retryable], ["Untrusted", false], message);
    return message;
  }
  return "";
}

type House = Awaited<ReturnType<typeof openHouse>>;

/** Whose tables are taken, each in a database of its own. */
const OWNERS: Readonly<Record<string, (house: House) => Promise<void>>> = {
  async "a table that somebody else has put there is refused, whichever it is"({ url, as }) {
    for (const table of ["triton_checkpoint", "triton_schema", "triton_shard"]) {
      await query(
        as("mallory"),
        `CREATE TABLE ${table} (client TEXT)`,
        `GRANT ALL ON ${table} TO PUBLIC`,
      );
      match(
        await refusal(as("archiver")),
        new RegExp(`: table "${table}" belongs to role "mallory", who could run code`),
      );
      match(await refusal(url), /belongs to role "mallory"/); // a superuser belongs to all roles
      await rejects(openCheckpointer(as("archiver"), OPTIONS), { code: "Untrusted" });
      await query(url, `DROP TABLE ${table}`);
    }
    await query(as("mallory"), "CREATE VIEW triton_gap AS SELECT 1 AS client");
    match(await refusal(as("archiver")), /"triton_gap" belongs to role "mallory"/);
  },

  async "a schema of the user's name that somebody else has made is refused"({ as }) {
    await (await openLedger(as("archiver"), OPTIONS))[Symbol.asyncDispose]();
    await query(as("mallory"), "CREATE SCHEMA archiver", "GRANT ALL ON SCHEMA archiver TO PUBLIC");
    // The tables are in public, where they stay.
    equal(await refusal(as("archiver")), "");
    await query(as("mallory"), "CREATE TABLE archiver.triton_checkpoint (client TEXT)");
    await rejects(openLedger(as("archiver"), OPTIONS), { code: "SeveralSchemas" });
  },

  async "a schema that somebody else owns is refused while there are no tables"({ as }) {
    await query(as("mallory"), "CREATE SCHEMA archiver", "GRANT ALL ON SCHEMA archiver TO PUBLIC");
    match(await refusal(as("archiver")), /: schema "archiver" belongs to role "mallory"/);
  },

  async "tables of a superuser, of the database's owner, or of a role of the user's are taken"(
    { url, as },
  ) {
    await (await openLedger(url, OPTIONS))[Symbol.asyncDispose]();
    await query(url, "GRANT ALL ON ALL TABLES IN SCHEMA public TO archiver");
    const tables = (await query(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
      .map(({ tablename }) => tablename);
    const give = (role: string) =>
      query(url, ...tables.map((table) => `ALTER TABLE ${table} OWNER TO ${role}`));
    equal(await refusal(as("archiver")), "");
    await give("owner");
    match(await refusal(as("archiver")), /belongs to role "owner"/);
    await query(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} OWNER TO owner`);
    equal(await refusal(as("archiver")), "");
    await give("team");
    match(await refusal(as("archiver")), /belongs to role "team"/);
    await query(url, "GRANT team TO archiver");
    equal(await refusal(as("archiver")), "");
    await query(url, "REVOKE team FROM archiver", "GRANT archiver TO team");
    equal(await refusal(as("archiver")), "");
    await query(url, "REVOKE archiver FROM team");
  },

  async "a trigger that a table's owner could have put there never runs as the user"({ as }) {
    await query(
      as("mallory"),
      "CREATE TABLE triton_checkpoint (client VARCHAR(255), stream VARCHAR(255), shard VARCHAR(255), " +
        "seq_num VARCHAR(255), updated INTEGER, PRIMARY KEY (client, stream, shard))",
      `CREATE FUNCTION run() RETURNS trigger LANGUAGE plpgsql AS $$${TRAP}$$`,
      "CREATE TRIGGER run BEFORE INSERT ON triton_checkpoint FOR EACH ROW EXECUTE FUNCTION run()",
      "GRANT ALL ON triton_checkpoint TO PUBLIC",
    );
    await rejects(openCheckpointer(as("archiver"), { client: "c" }), { code: "Untrusted" });
  },

  async "inspectDatabase() finds who could run code as the user"({ url, as }) {
    const ledger = await openLedger(as("archiver"), OPTIONS);
    await lease(ledger, "a", 1);
    deepStrictEqual(await ledger.intend(intent("i", range(0, 1, undefined, "5"))), [shard(0)]);
    await ledger[Symbol.asyncDispose]();
    const find = async (as: string) =>
      (await inspectDatabase(as, OPTIONS)).intruders.map(({ role, by }) => `${role}: ${by}`);
    deepStrictEqual(await find(as("archiver")), ['public: CREATE on schema "public"']);
    await query(
      as("mallory"),
      `CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS $$${TRAP}$$`,
    );
    await query(
      as("archiver"),
      "GRANT TRIGGER ON triton_gap TO mallory",
      "CREATE TRIGGER t BEFORE INSERT ON triton_worker FOR EACH ROW EXECUTE FUNCTION theirs()",
    );
    deepStrictEqual(await find(as("archiver")), [
      'mallory: TRIGGER on table "triton_gap"',
      'mallory: function "theirs" of trigger "t" on table "triton_worker"',
      'public: CREATE on schema "public"',
    ]);
    await query(
      url,
      "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
      "GRANT CREATE ON SCHEMA public TO mallory",
    );
    match(
      await refusal(url),
      /; .* or, if the role may be trusted, add table_owner=archiver to the address$/,
    );
    const trusting = await find(`${url}?table_owner=archiver`);
    deepStrictEqual(trusting.at(0), 'mallory: CREATE on schema "public"');
    equal(await refusal(`${url}?table_owner=archiver`), "");
    await using _checkpointer = await openCheckpointer(`${url}?table_owner=archiver`, {
      client: "c",
    });
  },
};

Deno.test("PostgreSQL: Triton's tables belong to somebody who is trusted", async (t) => {
  await using server = await startPostgres();
  await query(server.url, ...ROLES);
  for (const [name, run] of Object.entries(OWNERS)) {
    await t.step(name, async () => await run(await openHouse(server)));
  }
});
