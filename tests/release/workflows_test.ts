import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { parse } from "yaml";
import { compileArguments, TARGETS } from "../../.github/release/compile.ts";
import config from "../../deno.json" with { type: "json" };
import { readPage } from "../docs/markdown.ts";
import { RELEASE } from "./script.ts";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly "timeout-minutes"?: number;
  readonly strategy?: {
    readonly matrix: {
      readonly deno?: string[];
      readonly target?: string[];
      readonly include?: { target: string }[];
    };
  };
  readonly steps: readonly Step[];
}

function readWorkflow(name: string): { text: string; jobs: Record<string, Job> } {
  const text = Deno.readTextFileSync(`${RELEASE}/../workflows/${name}.yml`);
  return { text, jobs: parse(text).jobs };
}

const WORKFLOWS = [readWorkflow("ci"), readWorkflow("release")];
const STEPS = WORKFLOWS.flatMap(({ jobs }) => Object.values(jobs)).flatMap(({ steps }) => steps);

/** Where each command of the workflows is run before a tag is; by how it begins. */
const TRIED: Readonly<Record<string, string>> = {
  "deno task workflows": ".ci/run",
  "deno fmt": ".ci/run",
  "deno lint": ".ci/run",
  "deno task check": ".ci/run",
  "deno task doc-lint": ".ci/run",
  "deno publish --dry-run": ".ci/run",
  "deno task ok": ".ci/run, its parts",
  "deno task test": ".ci/run",
  "deno task demo": ".ci/run",
  "deno task soak": "tests/soak",
  "deno run --allow-read .github/release/check_tag.ts": "check_tag_test.ts",
  "deno run --allow-all .github/release/notices.ts": "sbom_test.ts",
  ".github/release/portable_tests.sh": "by hand, with Deno 2.4.2 of npm",
  ".github/release/smoke.sh": "assets_test.ts",
  ".github/release/pack.sh": "assets_test.ts",
  ".github/release/unpack.sh": "assets_test.ts",
  ".github/release/assets.sh": "assets_test.ts",
  ".github/release/image.sh": "assets_test.ts, with a stand-in of docker",
  "tar -xzf": "assets_test.ts, in unpack.sh",
  "sudo -E env": "tests/deploy",
  "deno publish": "tests/jsr, to a stand-in of JSR",
};

/** What only GitHub, Docker or Deno's download host can run. */
const ELSEWHERE = [
  "deno task compile", // .ci/run does it with the runtime of Deno 2.4.2
  "deno run --allow-all .github/release/compile.ts",
  "deno install --entrypoint cli.ts",
  "docker build",
  "docker run",
  "gh release create",
  'echo "name=',
  'echo "digest=',
];

Deno.test("every action is pinned by a commit SHA, with its release in a comment", () => {
  const lines = WORKFLOWS.flatMap(({ text }) => text.match(/^.*\buses:.*$/gm)!);
  ok(lines.length > 20);
  for (const line of lines) {
    match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  }
  const pins = new Map<string, string>();
  for (const { uses } of STEPS) {
    if (uses === undefined) continue;
    const [action, sha] = uses.split("@");
    equal(pins.get(action!) ?? sha, sha, `${action} is pinned to two commits`);
    pins.set(action!, sha!);
  }
});

Deno.test("every command of the workflows was tested, or can only run there", () => {
  const known = [...Object.keys(TRIED), ...ELSEWHERE];
  const commands = STEPS.flatMap(({ run }) => run?.trim().split("\n") ?? []);
  ok(commands.length > 20);
  const unknown = commands.filter((line) => !known.some((start) => line.startsWith(start)));
  deepStrictEqual(unknown, []);
  const unused = known.filter((start) => !commands.some((line) => line.startsWith(start)));
  deepStrictEqual(unused, []);
});

Deno.test("no expression reaches a shell: values are passed as variables", () => {
  deepStrictEqual(STEPS.filter(({ run }) => run?.includes("${{")), []);
});

Deno.test("every job has a time limit", () => {
  const jobs = WORKFLOWS.flatMap(({ jobs }) => Object.entries(jobs));
  const endless = jobs.filter(([, job]) => job["timeout-minutes"] === undefined);
  deepStrictEqual(endless.map(([name]) => name), []);
});

Deno.test("a release compiles five targets, and starts each", () => {
  const { compile, smoke } = readWorkflow("release").jobs;
  deepStrictEqual(compile!.strategy!.matrix.target, [...TARGETS]);
  deepStrictEqual(smoke!.strategy!.matrix.include!.map(({ target }) => target), [...TARGETS]);
});

Deno.test("compileArguments() returns those of the task, for one target", () => {
  const { command } = config.tasks.compile;
  const args = compileArguments(command, "x86_64-pc-windows-msvc");
  equal(
    `deno ${args.join(" ")}`,
    command.replace(
      "dist/triton dist/bundle/cli.js",
      "dist/x86_64-pc-windows-msvc/triton.exe --target x86_64-pc-windows-msvc dist/bundle/cli.js",
    ),
  );
});

Deno.test("the workflows run the Deno of .ci/run, and the documented minimum", () => {
  const versions = STEPS.flatMap(({ uses, with: inputs }) =>
    uses?.startsWith("denoland/setup-deno@") ? [String(inputs!["deno-version"])] : []
  );
  const [, current] = Deno.readTextFileSync(`${RELEASE}/../../.ci/run`).match(/deno@([\d.]+)/)!;
  const [, least] = readPage("docs/compatibility.md").text.match(
    /`deno run` need \*\*Deno ([\d.]+)/,
  )!;
  const [oldest, newest] = readWorkflow("ci").jobs.portable!.strategy!.matrix.deno!;
  deepStrictEqual([...new Set(versions)].sort(), ["${{ matrix.deno }}", current]);
  equal(newest, current);
  ok(oldest!.startsWith(`${least}.`));
});
