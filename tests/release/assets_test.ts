import { deepStrictEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { TARGETS } from "../../.github/release/compile.ts";
import { homebrewFormula } from "../../.github/release/formula.ts";
import { VERSION } from "../../src/base/version.ts";
import { runTool } from "../deploy/tools.ts";
import { inFolder, RELEASE, runIn, type ScriptResult, writeProgram } from "./script.ts";

const COMMIT = "0123456789".repeat(4);

function succeeded({ code, stdout, stderr }: ScriptResult): string {
  equal(code, 0, stderr + stdout);
  return stdout;
}

/** Packs a program for each target, as the workflow's five jobs do. */
async function packAll(folder: string): Promise<void> {
  for (const target of TARGETS) {
    const name = target.includes("windows") ? "triton.exe" : "triton";
    await Deno.mkdir(`${folder}/dist/${target}`, { recursive: true });
    await writeProgram(`${folder}/dist/${target}/${name}`, `echo ${target}`);
    succeeded(await runIn(folder, [`${RELEASE}/pack.sh`, target, "dist/assets"]));
  }
}

Deno.test("assets.sh builds a complete release, with SHA256SUMS of all files", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/CHANGELOG.md`,
      "## Unreleased\n\n## 1.2.3 - 2026-12-01\n\n- New.\n\n## 1.2.2 - 2026-11-01\n\n- Old.\n",
    );
    await Deno.writeTextFile(`${folder}/LICENSE`, "MIT");
    await packAll(folder);
    await Deno.remove(`${folder}/dist/x86_64-unknown-linux-gnu`, { recursive: true });
    const path = `${Deno.execPath().replace(/[^/]*$/, "")}:${Deno.env.get("PATH")}`;
    const command = [`${RELEASE}/assets.sh`, "dist/assets", "1.2.3", COMMIT, "o/r"] as const;
    succeeded(await runIn(folder, command, { PATH: path }));

    const assets = [...Deno.readDirSync(`${folder}/dist/assets`)].map(({ name }) => name).sort();
    deepStrictEqual(assets, [
      ...["SHA256SUMS", "THIRD_PARTY_NOTICES", "install.sh"],
      ...TARGETS.map((target) => `triton-${target}.tar.gz`).sort(),
      ...["triton.rb", "triton.spdx.json", "triton_1.2.3_amd64.deb", "triton_1.2.3_arm64.deb"],
    ]);
    const sums = await Deno.readTextFile(`${folder}/dist/assets/SHA256SUMS`);
    const hashed = assets.filter((name) => name !== "SHA256SUMS").map((name) => {
      const bytes = Deno.readFileSync(`${folder}/dist/assets/${name}`);
      return `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`;
    });
    equal(sums, hashed.join(""));
    match(
      await Deno.readTextFile(`${folder}/dist/assets/install.sh`),
      /TRITON_RELEASES-https:\/\/github\.com\/o\/r\/releases}/,
    );
    equal((await Deno.readTextFile(`${folder}/dist/notes.md`)).trim(), "- New.");
    await checkPackage(folder);
  }));

/** Looks into the package for arm64. */
async function checkPackage(folder: string): Promise<void> {
  const deb = `${folder}/dist/assets/triton_1.2.3_arm64.deb`;
  const field = await runTool("dpkg-deb", ["--field", deb, "Package", "Version", "Architecture"]);
  deepStrictEqual(field?.text, "Package: triton\nVersion: 1.2.3\nArchitecture: arm64\n");
  const contents = (await runTool("dpkg-deb", ["--contents", deb]))!.text;
  match(contents, /^-rwxr-xr-x root\/root .* \.\/usr\/bin\/triton$/m);
  match(contents, /^-rw-r--r-- .* \.\/usr\/lib\/systemd\/system\/triton-store@\.service$/m);
  await runTool("dpkg-deb", ["--extract", deb, `${folder}/extracted`]);
  const { stdout } = await runIn(folder, [`${folder}/extracted/usr/bin/triton`]);
  equal(stdout, "aarch64-unknown-linux-gnu\n");
  const unit = `${folder}/extracted/usr/lib/systemd/system/triton-store@.service`;
  match(await Deno.readTextFile(unit), /^ExecStart=\/usr\/bin\/triton /m);
}

Deno.test("the Homebrew formula has the checksum of each of its files", () => {
  const targets = TARGETS.filter((target) => !target.includes("windows"));
  const sums = targets.map((target, at) => `${`${at}`.repeat(64)}  triton-${target}.tar.gz\n`);
  const formula = homebrewFormula("o/r", "1.2.3", sums.join(""));
  const pairs = [...formula.matchAll(/url "(.*)"\n\s+sha256 "(.*)"/g)];
  const expected = targets.map((target, at) => [
    `https://github.com/o/r/releases/download/v1.2.3/triton-${target}.tar.gz`,
    `${at}`.repeat(64),
  ]);
  deepStrictEqual(pairs.map(([, url, sum]) => [url, sum]).sort(), expected.sort());
});

Deno.test("smoke.sh accepts the program, and no other", () =>
  inFolder(async (folder) => {
    const run = `exec "${Deno.execPath()}" run --quiet --allow-all "${RELEASE}/../../cli.ts"`;
    const binary = `${folder}/triton`;
    const smoke = (version: string, ...more: string[]) =>
      runIn(folder, [`${RELEASE}/smoke.sh`, binary, version, ...more]);
    await writeProgram(binary, `${run} "$@"`);
    match(succeeded(await smoke(VERSION)), /"commit":"unknown"/);
    match((await smoke("9.9.9")).stderr, /it is version .*, not 9\.9\.9/);
    match((await smoke(VERSION, COMMIT)).stderr, /it is not of 0123/);
    await writeProgram(binary, `[ "$1" = cat ] && exit 0; ${run} "$@"`);
    match((await smoke(VERSION)).stderr, /it does not print what .*onetiny\.tri holds/);
  }));

Deno.test("image.sh builds each architecture from its executable, and joins them", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/dist`);
    const digest = `sha256:${"a".repeat(64)}`;
    await writeProgram(
      `${folder}/docker`,
      `echo "$@" >> calls
case "$2 $3" in
  "build "*) echo '{"containerimage.digest": "${digest}"}' > dist/image-metadata.json ;;
  "imagetools inspect") echo ${digest} ;;
esac`,
    );
    const path = `${folder}:${Deno.env.get("PATH")}`;
    const command = [`${RELEASE}/image.sh`, "ghcr.io/o/r", "1.2.3", COMMIT, "o/r"] as const;
    succeeded(await runIn(folder, command, { PATH: path }));
    const calls = (await Deno.readTextFile(`${folder}/calls`)).trim().split("\n");
    equal(calls.length, 4);
    match(calls[0]!, /linux\/amd64 .*BINARY=dist\/x86_64-unknown-linux-gnu\/triton/);
    match(calls[1]!, /linux\/arm64 .*BINARY=dist\/aarch64-unknown-linux-gnu\/triton/);
    const parts = `ghcr.io/o/r@${digest}`;
    equal(
      calls[2],
      `buildx imagetools create --tag ghcr.io/o/r:1.2.3 --tag ghcr.io/o/r:latest ${parts} ${parts}`,
    );
    equal((await Deno.readTextFile(`${folder}/dist/image-digest`)).trim(), digest);
  }));

Deno.test("the image has a pinned base, and nothing but the executable", async () => {
  const dockerfile = await Deno.readTextFile(`${RELEASE}/../../examples/deploy/Dockerfile`);
  const bases = [...dockerfile.matchAll(/^FROM .*?(\S+@\S+)/gm)].map(([, base]) => base!);
  equal(bases.length, dockerfile.match(/^FROM /gm)!.length);
  equal(new Set(bases).size, 1);
  match(bases[0]!, /^debian:bookworm-slim@sha256:[0-9a-f]{64}$/);
  match(dockerfile, /^# repos\/debian\/remote\/bookworm-slim\.md at [0-9a-f]{40}/m);
  for (const label of ["title", "description", "licenses", "version", "revision", "source"]) {
    ok(dockerfile.includes(`org.opencontainers.image.${label}=`), label);
  }
  const ignored = await Deno.readTextFile(`${RELEASE}/../../.dockerignore`);
  const lines = ignored.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  equal(lines[0], "*");
  notEqual(lines.length, 1);
  for (const line of lines.slice(1)) match(line, /^!dist\/.*triton$/);
});
