import { match } from "node:assert/strict";
import { LEDGER_VERSION } from "../../src/ledger/tables/schema.ts";
import { FORMAT_VERSION } from "../../src/codec/tri/archive_format.ts";
import { readPage } from "./markdown.ts";

Deno.test("docs/compatibility.md has the versions of the tables and of the format", () => {
  const { text } = readPage("docs/compatibility.md");
  match(text, new RegExp(`^The format has version ${FORMAT_VERSION}\\.`, "m"));
  match(text, new RegExp(`^The ledger's tables have version ${LEDGER_VERSION};`, "m"));
});
