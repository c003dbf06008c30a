import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import { encodeEvent } from "../../src/codec/mod.ts";
import { aggregate, type KplRecord } from "./kpl.ts";

const FOLDER = new URL("../testdata/kpl/", import.meta.url);

function event(n: number, more: Record<string, unknown> = {}): Uint8Array {
  return encodeEvent({ n, page: `/page/${n % 10}`, ...more });
}

const FILES: Readonly<Record<string, readonly KplRecord[]>> = {
  one: [{ partitionKey: "ada", data: event(1) }],
  keys: Array.from({ length: 60 }, (_, n) => ({ partitionKey: `user ${n % 7}`, data: event(n) })),
  hash_keys: Array.from({ length: 20 }, (_, n) => ({
    partitionKey: `user ${n}`,
    explicitHashKey: String(2n ** 127n + BigInt(n % 3)),
    data: event(n),
  })),
  unicode: ["zoë", "\ufeffbom", "日本", "🦑".repeat(256), "a"].map((partitionKey, n) => ({
    partitionKey,
    data: n === 4 ? new Uint8Array() : event(n, { user: partitionKey }),
  })),
  large: [70_000, 16_380, 300, 5].map((size, n) => ({
    partitionKey: `user ${n}`,
    data: event(n, { text: "x".repeat(size) }),
  })),
  mixed: Array.from({ length: 6 }, (_, n) => ({
    partitionKey: `user ${n}`,
    data: n % 3 === 1 ? new TextEncoder().encode(`not an event: ${n}`) : event(n),
  })),
};

function write(name: string, bytes: Uint8Array, expected: readonly KplRecord[] | null): void {
  const records = expected?.map(({ partitionKey, data }) => ({
    partitionKey,
    data: Buffer.from(data).toString("base64"),
  }));
  writeFileSync(new URL(`${name}.bin`, FOLDER), bytes);
  writeFileSync(new URL(`${name}.json`, FOLDER), JSON.stringify(records ?? null, null, 1) + "\n");
}

for (const [name, records] of Object.entries(FILES)) write(name, aggregate(records), records);
const wrong = aggregate(FILES["keys"]!);
wrong[wrong.length - 1]! ^= 1;
write("wrong_md5", wrong, null);
