import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { BUCKET_SETTINGS } from "../../../../src/base/settings/bucket_setting_list.ts";
import { SECRET_VARIABLES } from "../../../../src/cli/text/redact.ts";
import { parseArchiveKey } from "../../../../src/codec/mod.ts";
import { parseConfig } from "../../../../src/config/mod.ts";
import { OTEL_VARIABLES } from "../../../../src/monitor/otel_variables.ts";
import { compiledPermissions } from "../../../support/triton_command.ts";
import { runCommand } from "../../fake_context.ts";

async function help(...names: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(["help", ...names]);
  deepStrictEqual([code, stderr], [0, ""]);
  return stdout;
}

for (const topic of ["config", "format", "environment", "permissions"]) {
  Deno.test(`help ${topic} fits a terminal, and the help of the program lists it`, async () => {
    const text = await help(topic);
    ok(text.split("\n").length > 10);
    deepStrictEqual(text.split("\n").filter((line) => line.length > 100), []);
    ok(text.endsWith("\n") && !text.endsWith("\n\n"));
    ok((await help()).includes(topic));
  });
}

Deno.test("help explains the program and its commands as --help does", async () => {
  for (const names of [[], ["store"], ["s"], ["checkpoint", "rewind"]]) {
    equal(await help(...names), (await runCommand([...names, "--help"])).stdout);
  }
});

for (
  const [names, meant] of [
    [["confg"], "config"],
    [["stor"], "store"],
    [["checkpoint", "rewnd"], "rewind"],
    [["permission"], "permissions"],
  ] as const
) {
  Deno.test(`help ${names.join(" ")} suggests ${meant}`, async () => {
    const { code, stdout, stderr } = await runCommand(["help", ...names]);
    deepStrictEqual([code, stdout], [2, ""]);
    ok(
      stderr.startsWith(`triton: no help on '${names.join(" ")}'\n(Did you mean ${meant}?)\n`),
      stderr,
    );
  });
}

Deno.test("help wraps at the width of the terminal", async () => {
  const lines = [
    "checkpoint rewind --help",
    "checkpoint set --help",
    "help config",
    "help environment",
  ];
  for (const line of [...lines, "store --help", "help format", "completions --help"]) {
    const run = async (columns?: number) =>
      (await runCommand(line.split(" "), { stdoutIsTerminal: true, columns })).stdout;
    const [wide, narrow] = [await run(), await run(80)];
    // Tables and commands to copy stay as they are.
    const long = narrow.split("\n").filter((line) => line.length > 80 && !line.startsWith("  "));
    deepStrictEqual(long, [], line);
    deepStrictEqual(narrow.split(/\s+/), wide.split(/\s+/), `${line}: a word is lost`);
  }
});

Deno.test("help on an unknown name suggests nothing", async () => {
  const { code, stderr } = await runCommand(["help", "xyzzy"]);
  equal(code, 2);
  equal(stderr.includes("Did you mean"), false);
});

Deno.test("help config shows a configuration that can be read", async () => {
  const text = await help("config");
  const example = text.split("\n").filter((line) => line.startsWith("  ")).slice(0, 5).join("\n");
  const config = parseConfig(example).stream("user_activity");
  deepStrictEqual(config, {
    logicalName: "user_activity",
    name: "user_activity_prod",
    partitionKey: "user_id",
    region: "us-west-1",
    endpoint: "http://localhost:4567",
  });
});

Deno.test("help format shows a key that can be parsed", async () => {
  const [key] = /\S+\.tri/.exec(await help("format"))!;
  equal(parseArchiveKey(key).stream, "user_activity_prod");
});

Deno.test("help environment names every variable that the program reads", async () => {
  const text = await help("environment");
  const source = await Deno.readTextFile(new URL("../../../../cli.ts", import.meta.url));
  const list = /const VARIABLES = \[([^\]]*)\]/.exec(source)![1]!;
  const read = [...list.matchAll(/"(\w+)"/g)].map(([, name]) => name!);
  ok(read.length > 5);
  const options = await Deno.readTextFile(
    new URL("../../../../src/cli/options/options.ts", import.meta.url),
  );
  const stands = [...options.matchAll(/"(TRITON_\w+)"/g)].map(([, name]) => name!);
  ok(stands.length > 5);
  deepStrictEqual(stands.filter((name) => !read.includes(name)), [], "cli.ts reads it");
  const all = [...read, ...SECRET_VARIABLES, ...OTEL_VARIABLES];
  deepStrictEqual(all.filter((name) => !new RegExp(`\\b${name}\\b`).test(text)), []);
});

Deno.test("help permissions lists only permissions that the executable was compiled with", async () => {
  const text = await help("permissions");
  const compiled = compiledPermissions();
  const listOf = (flag: string) =>
    compiled.find((permission) => permission.startsWith(`${flag}=`))!.slice(flag.length + 1).split(
      ",",
    );
  for (const flag of ["--allow-env", "--allow-sys"]) {
    const asked = [...text.matchAll(new RegExp(`${flag}=(\\S+)`, "g"))]
      .flatMap(([, names]) => names!.split(","));
    ok(asked.length > 0);
    const covered = (name: string) =>
      listOf(flag).some((known) =>
        known === name || known.endsWith("*") && name.startsWith(known.slice(0, -1))
      );
    deepStrictEqual(asked.filter((name) => !covered(name)), []);
  }
  match(text, /triton doctor/);
});

/** `kinesis:A, B` and what follows, as `kinesis:A`, `kinesis:B`. */
function actionsIn(text: string): string[] {
  return [...text.matchAll(/(kinesis|s3):(\w+(?:, \w+)*)/g)].flatMap(([, service, names]) =>
    names!.split(", ").map((name) => `${service}:${name}`)
  );
}

Deno.test("help permissions agrees with docs/permissions.md", async () => {
  const docs = await Deno.readTextFile(new URL("../../../../docs/permissions.md", import.meta.url));
  const documented = new Map(
    [...docs.matchAll(/^\| (`[^|]+) \| ([^|]*) \| ([^|]*) \|$/gm)].flatMap(([, names, a, b]) => {
      const actions = [...`${a} ${b}`.matchAll(/`(\w+:\w+)`/g)].map(([, action]) => action!).sort();
      const commands = [...names!.matchAll(/`([^`]+)`/g)].map(([, command]) => command!);
      return actions.length === 0 ? [] : commands.map((command) => [command, actions] as const);
    }),
  );
  const text = (await help("permissions")).split("\n\n")[1]!;
  const told = new Map(
    text.split(/\n(?= {2}\w)/).flatMap((row) => {
      const names = row.trim().split(/ {2,}|\n/)[0]!.split(", ");
      return names.map((name) => [name, actionsIn(row).sort()] as const);
    }),
  );
  ok(told.size > 10);
  deepStrictEqual(new Map([...told].sort()), new Map([...documented].sort()));
});

Deno.test("a misspelt command, subcommand, option or value gets a suggestion", async () => {
  const mistakes = [
    [["verfy"], "(Did you mean verify?)"],
    [["lss"], "(Did you mean ls?)"],
    [["checkpoint", "lst"], "(Did you mean list?)"],
    [["stats", "--wach"], "(Did you mean --watch?)"],
    [["stats", "--log-fromat", "json"], "(Did you mean --log-format?)"],
    [["stats", "--format", "tabel"], "Allowed choices are table, carbon, json."],
  ] as const;
  for (const [args, hint] of mistakes) {
    const { code, stderr } = await runCommand(args);
    equal(code, 2);
    ok(stderr.includes(hint), stderr);
  }
});

for (const command of ["store", "cat", "ls", "put", "tail", "shards", "verify", "quarantine"]) {
  Deno.test(`${command} suggests the stream that was meant`, async () => {
    const config = await Deno.makeTempFile({ suffix: ".yaml" });
    try {
      await Deno.writeTextFile(config, "user_activity: { name: a, partition_key: id }\n");
      const bucket = ["store", "cat", "ls", "verify", "quarantine"].includes(command)
        ? ["--bucket", "file:///nowhere"]
        : [];
      const day = command === "cat" ? ["--start-date", "20150710"] : [];
      const args = [command, "--stream", "user_activty", "--config", config, ...bucket, ...day];
      const { code, stderr } = await runCommand(args, { isTerminal: true });
      equal(code, 1, stderr);
      match(stderr, /Unknown stream "user_activty": did you mean "user_activity"\?/);
    } finally {
      await Deno.remove(config);
    }
  });
}

Deno.test("help config and docs/running.md have each setting of a bucket", async () => {
  const [config, page] = await Promise.all([
    help("config"),
    Deno.readTextFile(new URL("../../../../docs/running.md", import.meta.url)),
  ]);
  for (const { key, flag, property } of BUCKET_SETTINGS) {
    match(config, new RegExp(`^      ${key}: `, "m"));
    match(page, new RegExp(`\\| \`${flag}[ \`][^|]*\\| \`${key}\`[^|]*\\| \`${property}\` `));
  }
});
