/**
 * A program that ends all of Triton's sessions in a database, and returns when they are gone.
 *
 * Usage: ending_program.ts URL
 *
 * @module
 */

import postgres from "postgres";

const sql = postgres(Deno.args[0]!, { max: 1, fetch_types: false });
const OURS = sql`FROM pg_stat_activity
  WHERE application_name = 'triton' AND datname = current_database()`;
await sql`SELECT pg_terminate_backend(pid) ${OURS}`;
while ((await sql`SELECT 1 ${OURS}`).length > 0);
await sql.end();
