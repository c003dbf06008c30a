import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Ajv, type ValidateFunction } from "ajv";
import fc from "fast-check";
import { parse } from "yaml";
import { ConfigError, configSchema, parseConfig } from "@triton/triton/config";
import { BUCKET_SETTINGS } from "../../src/base/settings/bucket_setting_list.ts";
import { ARCHIVE_KEYS } from "../../src/config/archive_settings.ts";
import { ARCHIVE_DOCS, STREAM_DOCS } from "../../src/config/setting_docs.ts";
import { STREAM_KEYS } from "../../src/config/stream.ts";
import { text as help } from "../../src/cli/commands/help/config.ts";

const ROOT = new URL("../../", import.meta.url);

const ARN = "arn:aws:kinesis:us-east-1:111122223333:stream/clicks_prod";

/** What only the reader can say. */
const BEYOND: readonly RegExp[] = [
  /use a duration from 1s to 24h/, // the sum of it
  /use a size such as/, // 0
  /lies before 1970|lies in the future/,
  /Cannot start at "\d{4}-\d\d-\d\d/i, // the calendar, and offsets
  /must be an http:\/\/ or https:\/\/ URL/,
  /"bucket" in /,
  /, and the region is set to /,
  /The configuration has no streams/, // but keys of the user
  /object_tags/,
  /Transfer Acceleration has no FIPS endpoint/,
];

const NOW = Date.UTC(2026, 11, 1);

function compiled(): ValidateFunction {
  return new Ajv({ allErrors: true, allowUnionTypes: true }).compile(configSchema());
}

/** What the reader says about a value; nothing if it takes it. */
function refusalOf(value: unknown): readonly string[] {
  try {
    parseConfig(JSON.stringify(value), { now: NOW });
    return [];
  } catch (error) {
    ok(error instanceof ConfigError);
    return error.message.split("\n");
  }
}

Deno.test("schema/triton.schema.json is what triton config schema prints", async () => {
  const published = JSON.parse(await Deno.readTextFile(new URL("schema/triton.schema.json", ROOT)));
  deepStrictEqual(
    published,
    configSchema(),
    "run: deno run -A cli.ts config schema > schema/triton.schema.json; deno fmt schema",
  );
});

Deno.test("configSchema() and the help describe every setting that the reader knows", () => {
  const { definitions } = configSchema() as { definitions: Record<string, { properties: object }> };
  const keysOf = (name: string) => Object.keys(definitions[name]!.properties).sort();
  deepStrictEqual(keysOf("stream"), [...STREAM_KEYS].sort());
  deepStrictEqual(keysOf("archive"), [...ARCHIVE_KEYS].sort());
  for (const key of [...STREAM_KEYS, ...ARCHIVE_KEYS]) ok(help.includes(` ${key}`), key);
  const described = ARCHIVE_DOCS.map(({ key }) => key);
  for (const { key } of BUCKET_SETTINGS) ok(described.includes(key), key);
  for (const { key, description } of [...STREAM_DOCS, ...ARCHIVE_DOCS]) {
    ok(/^[A-Z].*\.$/.test(description), key);
  }
});

Deno.test("the examples of settings are taken by the schema and by the reader", () => {
  const validate = compiled();
  const valuesOf = (docs: typeof STREAM_DOCS) =>
    Object.fromEntries(docs.map(({ key, example }) => [key, parse(example)]));
  const archive = valuesOf(ARCHIVE_DOCS.filter(({ key }) => ARCHIVE_KEYS.includes(key)));
  const config = { clicks: { ...valuesOf(STREAM_DOCS), archive } };
  ok(validate(config), JSON.stringify(validate.errors));
  deepStrictEqual(refusalOf(config), []);
});

Deno.test("the schema takes the configurations of the examples and of the documentation", async () => {
  const validate = compiled();
  const texts = [
    await Deno.readTextFile(new URL("examples/deploy/systemd/triton.yaml", ROOT)),
    help.split("\n\n")[1]!.replace(/^ {2}/gm, ""),
    help.match(/ {2}x-defaults[^]*?\n\n/)![0].replace(/^ {2}/gm, ""),
  ];
  const pages = [...Deno.readDirSync(new URL("docs/", ROOT))].map(({ name }) => `docs/${name}`);
  for (const page of [...pages.filter((name) => name.endsWith(".md")), "README.md"]) {
    const text = await Deno.readTextFile(new URL(page, ROOT));
    for (const [, block] of text.matchAll(/```ya?ml\n([^]*?)```/g)) {
      if (/^ {2}name: /m.test(block!) && !/apiVersion|services:|groups:/.test(block!)) {
        texts.push(block!);
      }
    }
  }
  ok(texts.length > 4);
  for (const text of texts) {
    parseConfig(text);
    ok(validate(parse(text, { merge: true })), `${JSON.stringify(validate.errors)}\n${text}`);
  }
});

Deno.test("what the schema refuses, the reader refuses, and the other way round", () => {
  const validate = compiled();
  const junk = fc.oneof(
    ...[
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constant([]),
      fc.constant({}),
    ],
  );
  const setting = (right: readonly unknown[], wrong: readonly unknown[]) =>
    fc.oneof(
      { weight: 40, arbitrary: fc.constantFrom(...right) },
      { weight: 1, arbitrary: fc.constantFrom(...wrong) },
      { weight: 1, arbitrary: junk },
    );
  const flag = setting([true, false, "true"], ["yes", 1]);
  const settings = {
    bucket: setting(["s3://triton-prod/a", "triton-prod", "file:///a"], ["ftp://x", ""]),
    client: setting(["store", "a.b_c"], ["a-b", "", "s".repeat(129)]),
    rotate: setting(["1h", "1.5m", "90s"], ["90", "1d", 90, "25h"]),
    max_size: setting(["64MiB", "64 MB", "10", 1_048_576, 0.7, 1.5], ["64 XB", 0, -1, "0"]),
    from: setting(["latest", "trim-horizon", "2026-09-01", "2026-09-01t12:00:00z"], [
      ...["2026-9-1", 2026, "2026-02-30", "2027-01-01", "1960-01-01", "2026-09-01T12:00:00"],
    ]),
    enabled: flag,
    storage_class: setting(["STANDARD_IA", "GLACIER_IR"], ["GLACIER", "standard"]),
    object_tags: setting([{ team: "data", cost: 7 }], ["team=data", { "aws:x": "y" }]),
    sse: setting(["AES256", "aws:kms", "aws:kms:dsse"], ["kms"]),
    sse_kms_key_id: setting(["alias/x"], ["a b"]),
    bucket_key_enabled: flag,
    acl: setting(["private"], ["everybody"]),
    expected_bucket_owner: setting(["111122223333", 111122223333], ["1", 1]),
    request_payer: setting(["requester"], ["owner"]),
    use_dualstack_endpoint: flag,
    use_fips_endpoint: flag,
    use_accelerate_endpoint: flag,
    "x-own": junk,
  };
  const known = Object.entries(settings).filter(([key]) =>
    key.startsWith("x-") || ARCHIVE_KEYS.includes(key)
  );
  deepStrictEqual(ARCHIVE_KEYS.filter((key) => !Object.hasOwn(settings, key)), []);
  /** Each key is there in one of four. */
  const some = (arbitraries: readonly (readonly [string, fc.Arbitrary<unknown>])[]) =>
    fc.tuple(
      ...arbitraries.map(([key, value]) =>
        fc.option(value.map((value) => [key, value] as const), { freq: 1, nil: undefined })
          .chain((entry) => fc.nat(3).map((n) => n === 0 ? entry : undefined))
      ),
    ).map((entries) => Object.fromEntries(entries.filter((entry) => entry !== undefined)));
  const unknown = fc.option(fc.constant({ nmae: 1 }), { freq: 1, nil: {} })
    .chain((key) => fc.nat(19).map((n) => n === 0 ? key : {}));
  const archive = fc.tuple(some(known), unknown).map(([one, two]) => ({ ...one, ...two }));
  const stream = fc.tuple(
    fc.record({
      name: setting(["clicks_prod", ARN], [
        ...["clicks prod", "a".repeat(129), ARN.replace("kinesis", "s3"), `${ARN}/consumer/x:1`],
      ]),
    }),
    some([
      ["partition_key", setting(["id"], [""])],
      ["region", setting(["us-east-1"], ["us east", "eu-west-1"])],
      ["endpoint", setting(["http://localhost:4567", "HTTPS://a"], ["localhost", "http://u:p@h"])],
      ["archive", fc.oneof({ weight: 20, arbitrary: archive }, { weight: 1, arbitrary: junk })],
      ["x-own", junk],
    ]),
    unknown,
  ).map(([one, two, three]) => ({ ...one, ...two, ...three }));
  const names = fc.constantFrom("clicks", "views", "clicks-2", "x-defaults", "<<", "");
  const entry = fc.oneof({ weight: 20, arbitrary: stream }, { weight: 1, arbitrary: junk });
  const config = fc.oneof(
    { weight: 30, arbitrary: fc.dictionary(names, entry, { maxKeys: 2 }) },
    { weight: 1, arbitrary: junk },
  );
  const seen = { taken: 0, refused: 0, beyond: 0 };
  fc.assert(
    fc.property(config, (value) => {
      const plain = JSON.parse(JSON.stringify(value));
      const [isTaken, refusal] = [validate(plain), refusalOf(plain)];
      if (!isTaken) {
        seen.refused++;
        ok(refusal.length > 0, `only the schema: ${JSON.stringify(validate.errors)}`);
      } else if (refusal.length > 0) {
        seen.beyond++;
        for (const line of refusal) {
          ok(BEYOND.some((it) => it.test(line)), `only the reader: ${line}`);
        }
      } else seen.taken++;
    }),
    { numRuns: 3_000 },
  );
  ok(seen.taken > 500 && seen.refused > 500 && seen.beyond > 3, JSON.stringify(seen));
});

Deno.test("the schema refuses each kind of mistake by itself", () => {
  const validate = compiled();
  const stream = (more: object) => ({ clicks: { name: "clicks_prod", ...more } });
  const archive = (more: object) => stream({ archive: more });
  ok(validate(stream({ archive: { rotate: "1h" }, "x-own": 1 })));
  ok(validate({ "x-defaults": { region: 5 }, ...stream({}) }));
  for (
    const wrong of [
      {},
      { clicks: {} },
      { "x-clicks": { name: 5 } },
      stream({ name: 5 }),
      stream({ nmae: "x" }),
      stream({ archive: null }),
      archive({ rotate: 90 }),
      archive({ max_size: "64 megabytes" }),
      archive({ from: "2026-13-01" }),
      archive({ enabled: "yes" }),
      archive({ unknown: 1 }),
    ]
  ) {
    equal(validate(wrong), false, JSON.stringify(wrong));
    ok(refusalOf(wrong).length > 0);
  }
});
