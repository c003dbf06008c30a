import { deepStrictEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { runCommand } from "./fake_context.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const GOLDEN = new URL("../testdata/golden/", import.meta.url).pathname;
const ARCHIVE = await Deno.readFile(join(GOLDEN, "onetiny.tri"));
const LINES = await Deno.readTextFile(join(GOLDEN, "onetiny.ndjson"));
const NAMES = ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

Deno.test("cat reads standard input by each of its names", async () => {
  for (const name of NAMES) {
    const { code, stdout } = await runCommand(["cat", name], { stdin: ARCHIVE });
    deepStrictEqual([code, stdout], [0, LINES], name);
  }
});

Deno.test("cat /dev/stdin needs no permission for devices", async () => {
  const flags = ["--quiet", "--no-prompt", "--allow-env", `--allow-read=${ROOT}`];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, join(ROOT, "cli.ts"), "cat", "/dev/stdin"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(ARCHIVE);
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  deepStrictEqual([code, decoder.decode(stdout), decoder.decode(stderr)], [0, LINES, ""]);
});

Deno.test("--config reads standard input", async () => {
  for (const name of NAMES) {
    const args = ["shards", "--stream", "clicks", "--config", name];
    const { code, stderr } = await runCommand(args, {
      stdin: "clicks:\n  name: c\n  nme: clicks_prod\n",
    });
    equal(code, 1);
    match(stderr, /^triton: standard input:3:3: Unknown key "nme" in stream "clicks"/);
  }
  const latin1 = await runCommand(["shards", "--stream", "clicks", "--config", "-"], {
    stdin: Uint8Array.of(0xfc),
  });
  equal(latin1.stderr, "triton: Cannot read standard input: it is not UTF-8 text\n");
});

Deno.test("put refuses standard input for both the configuration and the events", async () => {
  const { code, stderr } = await runCommand([
    "put",
    "--stream",
    "a",
    "--config",
    "-",
    "/dev/stdin",
  ]);
  equal(code, 2);
  match(stderr, /^triton: Cannot read both the configuration and the events from standard input\n/);
});

Deno.test("store --watch-config refuses standard input", async () => {
  const args = ["store", "--all-streams", "--watch-config", "--config", "-", "--bucket", "b"];
  const { code, stderr } = await runCommand(args);
  equal(code, 2);
  match(stderr, /^triton: Cannot watch standard input: pass a file as --config\n/);
});

Deno.test("cat, put and --keys-from say which file they cannot read, and why", async () => {
  const world = { stdin: "", env: { TRITON_BUCKET: "file:///nowhere" } };
  const config = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(config, "a: {name: a, partition_key: id, region: us-east-1}\n");
  const put = await runCommand(
    ["put", "--stream", "a", "--config", config, "nowhere.ndjson"],
    world,
  );
  equal(put.stderr, 'triton: Cannot read "nowhere.ndjson": no such file\n');
  const where = ["--stream", "a", "--config", config, "--keys-from", "nowhere.txt"];
  const ls = await runCommand(["ls", ...where], world);
  equal(ls.stderr, 'triton: Cannot read the keys in "nowhere.txt": no such file\n');
  await Deno.remove(config);
});
