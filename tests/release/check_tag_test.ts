import { deepStrictEqual } from "node:assert/strict";
import { releaseFaults } from "../../.github/release/check_tag.ts";
import { VERSION } from "../../src/base/version.ts";
import config from "../../deno.json" with { type: "json" };

const GOOD = {
  tag: "v1.2.3",
  config: "1.2.3",
  program: "1.2.3",
  changelog: "# Changelog\n\n## Unreleased\n\n## 1.2.3 - 2026-12-01\n\n- All.\n",
};

Deno.test("a release needs a matching tag, versions and changelog", () => {
  deepStrictEqual(releaseFaults(GOOD), []);
  deepStrictEqual(
    releaseFaults({ ...GOOD, changelog: "## 1.2.3 - 2026-12-01\n\n## 1.2.2 - 2026-11-01\n" }),
    [],
  );
});

Deno.test("a release is rejected if one of them differs", () => {
  const differing = [
    { tag: "1.2.3" },
    { tag: "v1.2.4" },
    { config: "1.2.4" },
    { program: "1.2.4" },
    { changelog: "## 1.2.3\n" },
    { changelog: "## 1.2.4 - 2026-12-01\n\n## 1.2.3 - 2026-11-01\n" },
    { changelog: GOOD.changelog.replace("Unreleased\n", "Unreleased\n\n- More.\n") },
  ];
  for (const difference of differing) {
    const faults = releaseFaults({ ...GOOD, ...difference });
    deepStrictEqual(faults.length > 0, true, JSON.stringify(difference));
  }
});

Deno.test("deno.json and the program have one version", () => {
  deepStrictEqual(config.version, VERSION);
});
