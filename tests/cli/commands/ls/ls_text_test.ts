import { deepStrictEqual, equal } from "node:assert/strict";
import { parseEntry } from "../../../../src/archive/archive_entry.ts";
import {
  isCold,
  listedArchive,
  lsHead,
  toCells,
  toJson,
} from "../../../../src/cli/commands/ls/ls_text.ts";

function archive(storageClass?: string) {
  const key = "20260101/clicks-store-1767225600.tri";
  const info = { key, size: 10, modifiedAt: new Date(0) };
  return listedArchive({ entry: parseEntry(storageClass ? { ...info, storageClass } : info)! });
}

Deno.test("ls has the storage class where it is not STANDARD", () => {
  for (const long of [false, true]) {
    equal(lsHead({ long, hasClass: true }).at(-1), "class");
    equal(lsHead({ long, hasClass: false }).includes("class"), false);
  }
  const shown = { long: false, hasClass: true };
  deepStrictEqual(
    [undefined, "GLACIER"].map((name) => toCells(archive(name), shown).at(-1)),
    ["STANDARD", "GLACIER"],
  );
  equal(JSON.parse(toJson(archive("GLACIER_IR"))).storageClass, "GLACIER_IR");
  equal("storageClass" in JSON.parse(toJson(archive())), false);
});

Deno.test("ls counts what must be restored", () => {
  const classes = [undefined, "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];
  deepStrictEqual(classes.map((name) => isCold(archive(name))), [false, false, false, true, true]);
});
