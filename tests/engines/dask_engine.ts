import { deepStrictEqual, equal } from "node:assert/strict";
import { join } from "node:path";
import { withEngines } from "./engine_place.ts";

Deno.test("Dask counts the events that cat prints, in groups of archives", () =>
  withEngines(async (place) => {
    const list = join(place.folder, "keys.ndjson");
    const { bucket, stream } = place;
    const keys = await place.triton("ls", "--stream", stream, "--bucket", bucket, "--json");
    await Deno.writeTextFile(list, keys);
    const { code, stdout, stderr } = await place.python("dask_program.py", bucket, list);
    equal(code, 0, stderr);
    const counts = new Map<string, number>();
    for (const line of (await place.cat()).trimEnd().split("\n")) {
      const place = JSON.parse(line).properties?.net ?? "none";
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    deepStrictEqual(JSON.parse(stdout), Object.fromEntries([...counts].sort()));
  }));
