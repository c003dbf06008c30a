import { equal, match } from "node:assert/strict";
import { inFolder, RELEASE, runIn, writeProgram } from "./script.ts";

const machine = Deno.build.arch;
const system = Deno.build.os === "darwin" ? "apple-darwin" : "unknown-linux-gnu";
const FILE = `triton-${machine}-${system}.tar.gz`;

/** What a release's server has for the tests. */
interface Served {
  readonly url: string;
  readonly asked: string[];
}

/** Serves a packed program and a SHA256SUMS that may be changed. */
async function withRelease(
  folder: string,
  change: (sums: string) => string,
  use: (served: Served) => Promise<void>,
): Promise<void> {
  await Deno.mkdir(`${folder}/assets`);
  await writeProgram(`${folder}/triton`, "echo 1.2.3");
  await runIn(folder, ["tar", "-czf", `assets/${FILE}`, "triton"]);
  await runIn(folder, [`${RELEASE}/sums.sh`, "assets"]);
  const path = `${folder}/assets/SHA256SUMS`;
  await Deno.writeTextFile(path, change(await Deno.readTextFile(path)));
  const asked: string[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    const name = pathname.split("/").at(-1)!;
    return Deno.readFile(`${folder}/assets/${name}`).then(
      (bytes) => new Response(bytes),
      () => new Response("no such file", { status: 404 }),
    );
  });
  await use({ url: `http://127.0.0.1:${server.addr.port}/releases`, asked });
}

function install(folder: string, releases: string, env: Record<string, string> = {}) {
  return runIn(folder, ["sh", `${RELEASE}/install.sh`], {
    TRITON_RELEASES: releases,
    TRITON_BIN: `${folder}/bin`,
    no_proxy: "127.0.0.1",
    NO_PROXY: "127.0.0.1",
    ...env,
  });
}

async function installed(folder: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(`${folder}/bin/triton`);
  } catch {
    return undefined;
  }
}

Deno.test("install.sh installs what SHA256SUMS lists, the newest or a given version", () =>
  inFolder((folder) =>
    withRelease(folder, (sums) => sums, async ({ url, asked }) => {
      const first = await install(folder, url);
      equal(first.code, 0, first.stderr);
      match(first.stdout, /^installed 1\.2\.3 as .*\/bin\/triton$/m);
      match((await installed(folder))!, /echo 1\.2\.3/);
      equal((await install(folder, url, { TRITON_VERSION: "1.2.3" })).code, 0);
      equal(
        asked.join(" "),
        ["latest/download", "download/v1.2.3"].flatMap((from) =>
          [FILE, "SHA256SUMS"].map((name) => `/releases/${from}/${name}`)
        ).join(" "),
      );
    })
  ));

const BAD: readonly (readonly [what: string, change: (sums: string) => string, says: RegExp])[] = [
  ["another sum", (sums) => sums.replace(/[0-9a-f]{64}/, "0".repeat(64)), /it was not installed/],
  ["no sum", (sums) => sums.replace("triton-", "other-"), /has no sum of triton-/],
  ["half a sum", (sums) => sums.slice(10), /has no sum of triton-/],
];

for (const [what, change, says] of BAD) {
  Deno.test(`install.sh installs nothing if SHA256SUMS has ${what}`, () =>
    inFolder((folder) =>
      withRelease(folder, change, async ({ url }) => {
        const { code, stderr } = await install(folder, url);
        equal(code, 1);
        match(stderr, says);
        equal(await installed(folder), undefined);
      })
    ));
}

Deno.test("install.sh reports what it cannot find, and how to set it", () =>
  inFolder((folder) =>
    withRelease(folder, (sums) => sums, async ({ url }) => {
      await Deno.remove(`${folder}/assets/${FILE}`);
      match((await install(folder, url)).stderr, /cannot download .*\/latest\/download\/triton-/);
      match((await install(folder, "@RELEASES@")).stderr, /set TRITON_RELEASES/);
    })
  ));
