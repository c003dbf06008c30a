import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { localLinks, readPage } from "../docs/markdown.ts";
import { type LoadedPackages, loadedPackages } from "./loaded_packages.ts";
import { type ProcessResult, PublishedPackage } from "./published.ts";

const GOLDEN = new URL("../testdata/golden/onetiny", import.meta.url).pathname;
const CREDENTIALS = ["@aws-sdk/credential-provider-node", "@smithy/core"];
const AWS_KINESIS = ["@aws-sdk/client-kinesis", ...CREDENTIALS];
const AWS_S3 = ["@aws-sdk/client-s3", ...CREDENTIALS];

/** The npm packages of each entry point: what importing it loads, and what it may load later. */
const PACKAGES: Record<keyof typeof config.exports, LoadedPackages> = {
  ".": {
    atOnce: ["@logtape/logtape", "@opentelemetry/api", "yaml"],
    later: ["@aws-sdk/client-kinesis", ...AWS_S3, "hyparquet-writer", "postgres"],
  },
  "./config": { atOnce: ["yaml"], later: [] },
  "./codec": { atOnce: [], later: [] },
  "./kinesis": { atOnce: ["@logtape/logtape"], later: AWS_KINESIS },
  "./archive": { atOnce: ["@logtape/logtape"], later: [...AWS_S3, "hyparquet-writer"] },
  "./checkpoint": { atOnce: ["@logtape/logtape"], later: ["postgres"] },
  "./testing": { atOnce: [], later: [] },
  "./cli": {
    atOnce: ["commander"],
    later: [
      "@aws-sdk/client-kinesis",
      "@aws-sdk/client-s3",
      "@aws-sdk/credential-provider-node",
      "@logtape/logtape",
      "@opentelemetry/api",
      "@smithy/core",
      "hyparquet-writer",
      "postgres",
      "yaml",
    ],
  },
};

/** What a process wrote, or a failure that tells what it complained of. */
function outputOf({ code, stdout, stderr }: ProcessResult): string {
  equal(code, 0, stderr + stdout);
  return stdout;
}

/** How users write an entry point. */
function nameOf(entry: string): string {
  return config.name + entry.slice(1);
}

Deno.test("From JSR", async (t) => {
  await using published = await PublishedPackage.publish();

  await t.step("only the sources and their documentation are published", () => {
    const others = [...published.files.keys()].filter((path) =>
      !/^\/(src\/.*\.ts|docs\/.*\.md|examples\/(deploy|spark)\/.*)$/.test(path)
    );
    deepStrictEqual(others.sort(), [
      ...["/CHANGELOG.md", "/CONTRIBUTING.md", "/LICENSE", "/README.md", "/SECURITY.md", "/cli.ts"],
      ...["/deno.json", "/mod.ts", "/schema/triton.schema.json"],
    ]);
  });

  await t.step("links in published files lead to published files", () => {
    const paths = [...published.files.keys()];
    const pages = paths.filter((path) => path.endsWith(".md")).map((path) =>
      readPage(path.slice(1))
    );
    const links = pages.flatMap((page) =>
      localLinks(page).map(({ target }) => ({
        from: page.path,
        to: `/${target.replace(/\/$/, "")}`,
      }))
    );
    ok(links.length > 50, `${links.length} links were seen`);
    // JSR shows directories too.
    const isPublished = (link: string) =>
      paths.some((path) => path === link || path.startsWith(`${link}/`));
    deepStrictEqual(links.filter(({ to }) => !isPublished(to)), []);
  });

  await t.step("deno add finds it", async () => {
    outputOf(await published.deno("add", `jsr:${config.name}`));
    await published.addImport("zod", config.imports.zod); // which the README's examples use
  });

  await t.step("every entry point can be imported and passes the type checker", async () => {
    const names = Object.keys(config.exports).map(nameOf);
    const imports = names.map((name, index) => `import * as entry${index} from "${name}";\n`);
    const counts = names.map((_, index) => `Object.keys(entry${index}).length`);
    await published.write("all.ts", imports.join("") + `console.log(String([${counts}]));\n`);
    const counted = outputOf(
      await published.deno("run", "--quiet", "--check", "--no-prompt", "all.ts"),
    );
    // The command line exports nothing, and does nothing when it is imported.
    match(counted, /^([1-9]\d*,)+0\n$/);
  });

  await t.step("the examples of the README run", async () => {
    const readme = new TextDecoder().decode(published.files.get("/README.md"));
    await published.write("README.md", readme);
    // The YAML parser looks at two variables; nothing else of the outside is needed.
    const permissions = "--allow-env=LOG_STREAM,LOG_TOKENS";
    const tested = await published.deno("test", "--quiet", permissions, "--doc", "README.md");
    match(outputOf(tested), /ok \| [1-9]\d* passed \| 0 failed/);
  });

  await t.step("the command line runs with the permissions of the README", async () => {
    const permissions = ["--allow-net", "--allow-env", "--allow-read", "--allow-sys=osRelease"];
    const cli = ["run", "--quiet", "--no-prompt", ...permissions, `jsr:${config.name}/cli`];
    equal(outputOf(await published.deno(...cli, "--version")), `${config.version}\n`);
    const printed = await published.deno(...cli, "cat", `${GOLDEN}.tri`);
    equal(outputOf(printed), await Deno.readTextFile(`${GOLDEN}.ndjson`));
  });

  for (const [entry, expected] of Object.entries(PACKAGES)) {
    await t.step(`${nameOf(entry)} loads the packages it needs and no others`, async () => {
      const graph = outputOf(await published.deno("info", "--json", `jsr:${nameOf(entry)}`));
      deepStrictEqual(loadedPackages(JSON.parse(graph)), expected);
    });
  }
});
