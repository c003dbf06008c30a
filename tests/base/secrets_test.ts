import { equal } from "node:assert/strict";
import fc from "fast-check";
import { keepSecrets, MASK, maskSecrets } from "../../src/base/secrets.ts";

Deno.test("maskSecrets() masks each credential by its value, however it is encoded", () => {
  const secrets = [
    "s3c",
    "a b/+\"'%",
    "two\nlines of it",
    "cut\n",
    "päss",
    "wJalr/XUtnFEMI+K7MDENG",
  ];
  for (const secret of secrets) {
    for (
      const form of [
        secret,
        secret.trim(),
        encodeURIComponent(secret.trim()),
        JSON.stringify(secret).slice(1, -1),
      ]
    ) {
      equal(maskSecrets(`the server says "${form}"`, secrets), `the server says "${MASK}"`, form);
    }
  }
});

Deno.test("maskSecrets() never masks a part of a word, nor a word of Triton's own", () => {
  const text = 'store.archiver: "archiver.started" of triton-prod in 2015, archivers, cat';
  equal(maskSecrets(text, ["arch", "15", "cat", "store", "triton", "Database"]), text);
  equal(maskSecrets("user archived: hunter", ["hunter"]), `user archived: ${MASK}`);
  equal(maskSecrets("client billing", ["billing"], { words: false }), "client billing");
  equal(maskSecrets("client b1lling", ["b1lling"], { words: false }), `client ${MASK}`);
});

Deno.test("maskSecrets() leaves nothing of a secret that is no word", () => {
  const secret = fc.string({ minLength: 1, maxLength: 30, unit: "grapheme" })
    .filter((text) => /[^\p{L}]/u.test(text.trim()) && !MASK.includes(text.trim()));
  fc.assert(fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
    const others = `${before} ${after}`;
    fc.pre(!others.includes(value.trim()));
    const masked = maskSecrets(`${before} ${value} ${after}`, [value]);
    equal(masked.replaceAll(MASK, "").includes(value.trim()), false);
  }));
});

Deno.test("keepSecrets() keeps those in use and the ones before them, of each source", () => {
  const has = (secret: string) => maskSecrets(`<${secret}>`) === `<${MASK}>`;
  keepSecrets("one", ["first-1", undefined, ""]);
  keepSecrets("two", ["other-1"]);
  keepSecrets("one", ["second-2"]);
  keepSecrets("one", ["second-2"]);
  equal([has("first-1"), has("second-2"), has("other-1")].join(), "true,true,true");
  keepSecrets("one", ["third-3"]);
  equal([has("first-1"), has("second-2"), has("third-3")].join(), "false,true,true");
  for (const source of ["one", "two"]) for (const _ of [1, 2]) keepSecrets(source, [String(_)]);
  equal(has("other-1"), false);
});
