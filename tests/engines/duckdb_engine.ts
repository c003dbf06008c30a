import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { strongIn, withEngines } from "./engine_place.ts";

/** Prints the rows of a query as JSON, without the progress of one that takes 2 s. */
const QUERY = `
import duckdb, json, sys
duckdb.sql("set enable_progress_bar = false")
print(json.dumps(duckdb.sql(sys.argv[1]).fetchall()))
`.trim();

Deno.test("DuckDB reads what cat prints, byte for byte, and counts it in SQL", () =>
  withEngines(async (place) => {
    const { stream, bucket, events } = place;
    const days = "--start-date 20151001 --end-date 20151002";
    const cat = `triton cat --stream ${stream} --bucket ${bucket} ${days}`;
    const query = async (from: string, sql: string) => {
      const { code, stdout, stderr } = await place.shell(`${from} | python -c '${QUERY}' "${sql}"`);
      equal(code, 0, stderr);
      return JSON.parse(stdout);
    };
    const lines = "read_ndjson_objects('/dev/stdin')";
    const objects = await query(cat, `select json::text from ${lines}`);
    const text = objects.map(([line]: [string]) => `${line}\n`).join("");
    ok(text === await place.cat(), "DuckDB has other lines than cat");
    const strong = "count(*) filter ((json->>'$.properties.mag')::double >= 5)";
    const [[count, quakes]] = await query(cat, `select count(*), ${strong} from ${lines}`);
    deepStrictEqual([count, quakes], [events, strongIn(text)]);
    const places = "count(distinct (json->>'$._file', json->>'$._index'))";
    deepStrictEqual(await query(`${cat} --with-key`, `select ${places} from ${lines}`), [[events]]);
    const parts = await Promise.all(
      [1, 2].map((n) => query(`${cat} --part ${n}/2`, `select count(*) from ${lines}`)),
    );
    equal(parts.flat(2).reduce((sum: number, part: number) => sum + part, 0), events);
    ok(parts.flat(2).every((part: number) => part > 0 && part < events), `${parts}`);
  }));
