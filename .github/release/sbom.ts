/**
 * Prints the bill of materials of the executable, as SPDX 2.3 in JSON: what deno.lock pins, and Deno.
 *
 *   deno run --allow-all .github/release/sbom.ts COMMIT
 *
 * Source: <https://spdx.github.io/spdx-spec/v2.3/>.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { npmCache, packagesOfTriton, ROOT, type ShippedPackage } from "./packages.ts";
import { readLicense } from "./notices.ts";

/** A package in SPDX' words. */
export interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly downloadLocation: string;
  readonly filesAnalyzed: false;
  readonly licenseConcluded: string;
  readonly licenseDeclared: string;
  readonly copyrightText: "NOASSERTION";
  readonly checksums?: readonly { readonly algorithm: "SHA512"; readonly checksumValue: string }[];
  readonly externalRefs: readonly {
    readonly referenceCategory: "PACKAGE-MANAGER";
    readonly referenceType: "purl";
    readonly referenceLocator: string;
  }[];
}

/** The document; what is not named here is fixed. */
export interface SpdxDocument {
  readonly spdxVersion: "SPDX-2.3";
  readonly packages: readonly SpdxPackage[];
  readonly relationships: readonly {
    readonly spdxElementId: string;
    readonly relationshipType: "DESCRIBES" | "DEPENDS_ON" | "CONTAINS";
    readonly relatedSpdxElement: string;
  }[];
}

function spdxId(name: string, version: string): string {
  return `SPDXRef-${`${name}-${version}`.replace(/[^A-Za-z0-9.-]+/g, "-")}`;
}

function spdxPackage(
  part: { name: string; version: string; purl: string; license: string; url: string },
): SpdxPackage {
  return {
    SPDXID: spdxId(part.name, part.version),
    name: part.name,
    versionInfo: part.version,
    downloadLocation: part.url,
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: part.license,
    copyrightText: "NOASSERTION",
    externalRefs: [{
      referenceCategory: "PACKAGE-MANAGER",
      referenceType: "purl",
      referenceLocator: part.purl,
    }],
  };
}

function npmPackage(shipped: ShippedPackage, license: string): SpdxPackage {
  const { name, version, integrity } = shipped;
  const [algorithm, digest] = integrity.split("-");
  if (algorithm !== "sha512") throw new Error(`Cannot use the checksum ${integrity} of ${name}`);
  const file = `${name.split("/").at(-1)}-${version}.tgz`;
  return {
    ...spdxPackage({
      name,
      version,
      license,
      purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
      url: `https://registry.npmjs.org/${name}/-/${file}`,
    }),
    checksums: [{
      algorithm: "SHA512",
      checksumValue: Buffer.from(digest!, "base64").toString("hex"),
    }],
  };
}

/**
 * Describes the executable.
 *
 * @param commit What it was compiled from.
 * @param created When, as RFC 3339 without fractions.
 */
export async function billOfMaterials(commit: string, created: string): Promise<SpdxDocument> {
  const { version } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const cache = await npmCache();
  const shipped = await packagesOfTriton();
  const triton = spdxPackage({
    name: "triton",
    version,
    license: "MIT",
    purl: `pkg:generic/triton@${version}?vcs_ref=${commit}`,
    url: "NOASSERTION",
  });
  const deno = spdxPackage({
    name: "deno",
    version: Deno.version.deno,
    license: "MIT",
    purl: `pkg:github/denoland/deno@v${Deno.version.deno}`,
    url: `https://github.com/denoland/deno/releases/tag/v${Deno.version.deno}`,
  });
  const libraries = await Promise.all(
    shipped.map(async (part) => npmPackage(part, (await readLicense(cache, part)).expression)),
  );
  const idOf = new Map(shipped.map((part, at) => [
    `${part.name}@${part.version}`,
    libraries[at]!.SPDXID,
  ]));
  const needs = shipped.flatMap((part, at) =>
    part.dependencies.map((id) => ({
      spdxElementId: libraries[at]!.SPDXID,
      relationshipType: "DEPENDS_ON" as const,
      relatedSpdxElement: idOf.get(id.split("_")[0]!)!,
    }))
  );
  const document = {
    spdxVersion: "SPDX-2.3" as const,
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `triton-${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/triton-${version}-${commit}`,
    creationInfo: { created, creators: ["Tool: triton-release"] },
    packages: [triton, deno, ...libraries],
    relationships: [
      {
        spdxElementId: "SPDXRef-DOCUMENT",
        relationshipType: "DESCRIBES" as const,
        relatedSpdxElement: triton.SPDXID,
      },
      ...[deno, ...libraries].map(({ SPDXID }) => ({
        spdxElementId: triton.SPDXID,
        relationshipType: "CONTAINS" as const,
        relatedSpdxElement: SPDXID,
      })),
      ...needs,
    ],
  };
  return document;
}

if (import.meta.main) {
  const created = new Date().toISOString().replace(/\.\d+/, "");
  console.log(JSON.stringify(await billOfMaterials(Deno.args[0] ?? "unknown", created), null, 2));
}
