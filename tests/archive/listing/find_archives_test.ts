import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import {
  findArchives,
  type FindArchivesOptions,
  isInPart,
  MemoryObjectStore,
  readKeyLines,
} from "../../../src/archive/mod.ts";
import { formatArchiveKey } from "../../../src/codec/mod.ts";
import { putArchives } from "../archives.ts";

async function* bytesOf(text: string, size = text.length): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

function linesOf(text: string, size?: number) {
  return Array.fromAsync(readKeyLines(bytesOf(text, size), "keys.txt"));
}

function keyAt(i: number): string {
  return formatArchiveKey({ stream: "clicks", client: "store", createdAt: 1436486400 + i });
}

Deno.test("readKeyLines() reads keys, the lines of ls, and those of ls --json", async () => {
  const text = [
    "20150710/clicks-store-1.tri",
    "",
    "20150710/clicks-store-2.tri\t42\t2015-07-10T00:00:00Z\r",
    '{"size":42,"key":"20150710/clicks-störe-3.tri"}',
    "  20150710/clicks-store-4.tri ",
  ].join("\n");
  const expected = [[1, "store-1"], [3, "store-2"], [4, "störe-3"], [5, "store-4"]].map(
    ([line, name]) => ({ key: `20150710/clicks-${name}.tri`, place: `line ${line} of keys.txt` }),
  );
  for (const size of [1, 3, 1_000]) {
    deepStrictEqual(await linesOf(text, size), expected);
    deepStrictEqual(await linesOf(`${text}\n`, size), expected);
  }
  deepStrictEqual(await linesOf(""), []);
});

Deno.test("readKeyLines() names a line that is not a key", async () => {
  const key = "20150710/clicks-store-1.tri\n";
  const cases = [
    [`${key}{"size":1}`, 'Cannot read line 2 of keys.txt: the object has no text "key"'],
    ['{"key":7}', 'Cannot read line 1 of keys.txt: the object has no text "key"'],
    [`${key}\n{"key"`, "Cannot read line 3 of keys.txt: it is neither a key nor JSON"],
    [
      `${key}${"x".repeat(2 ** 24 + 1)}`,
      "Cannot read line 2 of keys.txt: it is longer than 16 MiB",
    ],
  ] as const;
  for (const [text, message] of cases) {
    await rejects(linesOf(text, 1 << 16), { name: "TritonError", message });
  }
});

Deno.test("findArchives() finds exactly these archives, in the given order", async () => {
  const store = new MemoryObjectStore({ now: () => 1_436_490_000_000 });
  const keys = await putArchives(store, 100);
  const wanted = [keys[70]!, keys[3]!, ...keys.slice(10, 60), keys[3]!];
  const found = await Array.fromAsync(findArchives(store, wanted));
  deepStrictEqual(found.map(({ key }) => key), wanted);
  deepStrictEqual(found[1], {
    key: keys[3],
    day: "20150710",
    stream: "clicks",
    client: "store",
    createdAt: 1436486400 + 180,
    size: (await store.head(keys[3]!))!.size,
    modifiedAt: new Date(1_436_490_000_000),
  });
  const part = { number: 2, of: 3 };
  deepStrictEqual(
    await Array.fromAsync(findArchives(store, wanted, { part }), ({ key }) => key),
    wanted.filter((key) => isInPart(key, part)),
  );
});

Deno.test("findArchives() names a key that there is not, and its place, after those before it", async () => {
  const store = new MemoryObjectStore();
  const keys = await putArchives(store, 2);
  const unknown = keyAt(999_999);
  const found: string[] = [];
  const read = async () => {
    const lines = readKeyLines(bytesOf([...keys, unknown, keys[0]].join("\n")), "keys.txt");
    for await (const { key } of findArchives(store, lines)) found.push(key);
  };
  const message =
    `Cannot find "${unknown}" (line 3 of keys.txt): there is no such archive in memory:`;
  await rejects(read(), { name: "TritonError", message });
  deepStrictEqual(found, keys);
  const second = findArchives(store, [keys[0]!, unknown]);
  await rejects(Array.fromAsync(second), {
    message: message.replace("line 3 of keys.txt", "key 2"),
  });
});

Deno.test("findArchives() refuses what is not the key of an archive that is meant", async () => {
  const store = new MemoryObjectStore();
  const [key] = await putArchives(store, 1);
  const cases: [string, FindArchivesOptions, string][] = [
    [
      "s3://bucket/a.tri",
      {},
      'Cannot parse archive key "s3://bucket/a.tri": it is not ' +
      "YYYYMMDD/<stream>-<client>-<seconds>.tri (key 1)",
    ],
    [
      key!,
      { stream: "hits" },
      `Cannot use "${key}" (key 1): it is of stream "clicks", not of "hits"`,
    ],
    [key!, { client: "me" }, `Cannot use "${key}" (key 1): it is of client "store", not of "me"`],
    [key!, { from: "2015-07-11" }, `Cannot use "${key}" (key 1): its day is before 20150711`],
    [key!, { to: "2015-07-09" }, `Cannot use "${key}" (key 1): its day is after 20150709`],
  ];
  for (const [text, options, message] of cases) {
    await rejects(Array.fromAsync(findArchives(store, [text], options)), {
      name: "TritonError",
      message,
    });
  }
  const meant = { stream: "clicks", client: "store", from: "20150710", to: "20150710" };
  equal((await Array.fromAsync(findArchives(store, [key!], meant))).length, 1);
});

Deno.test("findArchives() reads 100,000 keys as they are needed, with 32 requests at once", async () => {
  const store = new MemoryObjectStore();
  const [bytes, modifiedAt] = [new Uint8Array(10), new Date(0)];
  const full = Promise.withResolvers<void>();
  let [read, underWay, most, found] = [0, 0, 0, 0];
  store.head = async (key) => {
    most = Math.max(most, ++underWay);
    if (underWay === 32) full.resolve();
    await full.promise; // forever, if there are never so many
    underWay--;
    return { key, size: bytes.length, modifiedAt };
  };
  async function* keys() {
    for (; read < 100_000; read++) yield keyAt(read);
  }
  for await (const _ of findArchives(store, keys())) {
    found++;
    ok(read - found <= 32, `${read} keys were read for ${found} archives`);
  }
  deepStrictEqual([found, most], [100_000, 32]);
});

Deno.test("findArchives() cancels its requests when the reader stops", async () => {
  const store = new MemoryObjectStore();
  const keys = await putArchives(store, 40);
  const { head } = store;
  const signals: AbortSignal[] = [];
  store.head = (key, options) => {
    signals.push(options!.signal!);
    return head.call(store, key, options);
  };
  for await (const _ of findArchives(store, keys)) break;
  ok(signals.length > 0 && signals.every(({ aborted }) => aborted));
});
