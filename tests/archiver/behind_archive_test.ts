import { equal } from "node:assert/strict";
import { isBehind } from "../../src/archiver/behind_archive.ts";
import type { SequenceNumber } from "../../src/base/record.ts";

Deno.test("isBehind() holds for an archive that goes further than the database knows", () => {
  const [nine, ten] = ["9", "10"] as SequenceNumber[];
  equal(isBehind(undefined, nine!), true);
  equal(isBehind(nine, ten!), true);
  equal(isBehind(ten, ten!), false);
  equal(isBehind(ten, nine!), false);
});
