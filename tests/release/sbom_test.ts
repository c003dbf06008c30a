import { deepStrictEqual, equal, match, ok, throws } from "node:assert/strict";
import { thirdPartyNotices } from "../../.github/release/notices.ts";
import { packagesOfTriton, shippedPackages } from "../../.github/release/packages.ts";
import { billOfMaterials } from "../../.github/release/sbom.ts";

const LOCK = {
  specifiers: { "npm:a@1": "1.0.0", "npm:@s/b@^2": "2.0.0", "npm:test@1": "1.0.0" },
  npm: {
    "a@1.0.0": { integrity: "sha512-a", dependencies: ["c", "d@2.0.0"] },
    "@s/b@2.0.0": { integrity: "sha512-b", dependencies: ["a"] },
    "c@1.0.0": { integrity: "sha512-c", dependencies: ["a"] },
    "d@1.0.0": { integrity: "sha512-d1" },
    "d@2.0.0": { integrity: "sha512-d2" },
    "test@1.0.0": { integrity: "sha512-t" },
  },
};

Deno.test("shippedPackages() follows dependencies, and includes nothing else", () => {
  const names = shippedPackages(LOCK, ["@s/b"]).map(({ name, version }) => `${name}@${version}`);
  deepStrictEqual(names, ["@s/b@2.0.0", "a@1.0.0", "c@1.0.0", "d@2.0.0"]);
  throws(() => shippedPackages(LOCK, ["d"]), /Cannot find "d" in deno\.lock/);
});

Deno.test("the bill of materials is SPDX 2.3, and lists Deno and everything that is shipped", async () => {
  const shipped = await packagesOfTriton();
  const { packages, relationships, ...rest } = await billOfMaterials("abc", "2026-12-01T00:00:00Z");
  equal(rest.spdxVersion, "SPDX-2.3");
  const ids = packages.map(({ SPDXID }) => SPDXID);
  equal(new Set(ids).size, ids.length);
  for (const id of ids) match(id, /^SPDXRef-[A-Za-z0-9.-]+$/);
  deepStrictEqual(packages.map(({ name }) => name), [
    ...["triton", "deno"],
    ...shipped.map(({ name }) => name),
  ]);
  ok(shipped.some(({ name }) => name === "@aws-sdk/client-s3"));
  ok(!shipped.some(({ name }) => name === "kinesalite"), "what only tests use is not shipped");
  for (const { name, licenseDeclared, checksums } of packages) {
    match(licenseDeclared, /^[A-Za-z0-9.+-]+( (OR|AND|WITH) [A-Za-z0-9.+-]+)*$/, name);
    if (checksums !== undefined) match(checksums[0]!.checksumValue, /^[0-9a-f]{128}$/);
  }
  const known = new Set(["SPDXRef-DOCUMENT", ...ids]);
  for (const { spdxElementId, relatedSpdxElement } of relationships) {
    ok(known.has(spdxElementId) && known.has(relatedSpdxElement), relatedSpdxElement);
  }
  const contained = relationships.filter(({ relationshipType }) => relationshipType === "CONTAINS");
  equal(contained.length, packages.length - 1);
});

Deno.test("the notices have the licence of each shipped package", async () => {
  const notices = await thirdPartyNotices();
  const parts = notices.split(`${"=".repeat(80)}\n`).slice(1);
  const shipped = await packagesOfTriton();
  deepStrictEqual(parts.slice(1).map((part) => part.split("\n")[0]), [
    ...shipped.map(({ name, version }) => `${name} ${version}`),
  ]);
  match(parts[0]!, /^Deno \d/);
  for (const part of parts) match(part, /^Licence: \S/m);
});
