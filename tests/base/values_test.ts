import { deepEqual, equal } from "node:assert/strict";
import { decodeEvent, encodeEvent, Timestamp } from "../../src/codec/mod.ts";
import {
  getArray,
  getBigInt,
  getBoolean,
  getBytes,
  getDate,
  getMap,
  getNumber,
  getString,
  getValue,
} from "../../src/base/values.ts";

const data = decodeEvent(encodeEvent({
  user: { name: "ada", tags: ["x", ["y"]], "a.b": 1, none: null },
  id: 2n ** 63n,
  ms: 1.5,
  ok: false,
  at: new Timestamp(1, 2),
  blob: Uint8Array.of(1, 2),
  ["__proto__"]: { evil: true },
}));

Deno.test("getValue() follows maps and arrays", () => {
  equal(getValue(data, "user.name"), "ada");
  equal(getValue(data, "user.tags.1.0"), "y");
  equal(getValue(data, ["user", "tags", 0]), "x");
  equal(getValue(data, ["user", "a.b"]), 1);
  equal(getValue(data, "user.none"), null);
  equal(getValue(data, []), data);
  deepEqual(getValue(data, "__proto__.evil"), true);
});

Deno.test("getValue() gives undefined where there is nothing, and never what JavaScript adds", () => {
  const paths = [
    ...["", "user.", "user.a.b", "nobody.name", "user.name.0", "user.name.length", "user.none.x"],
    ...[
      "user.tags.length",
      "user.tags.2",
      "user.tags.-1",
      "user.tags.map",
      "toString",
      "at.getTime",
    ],
    ...["constructor.name", "user.__proto__", "blob.0", "blob.length", "id.x"],
  ];
  for (const path of paths) equal(getValue(data, path), undefined, path);
  for (const root of [undefined, null, 1, "text"]) equal(getValue(root, "a"), undefined);
});

Deno.test("getString() and its like give a value of their kind, and undefined for any other", () => {
  const getters = {
    getString,
    getNumber,
    getBoolean,
    getDate,
    getBytes,
    getArray,
    getMap,
  };
  const kinds = {
    "user.name": "getString",
    ms: "getNumber",
    ok: "getBoolean",
    at: "getDate",
    blob: "getBytes",
    "user.tags": "getArray",
    user: "getMap",
    "user.none": "none",
    id: "none",
  };
  for (const [path, kind] of Object.entries(kinds)) {
    for (const [name, get] of Object.entries(getters)) {
      equal(get(data, path), name === kind ? getValue(data, path) : undefined, `${name} ${path}`);
    }
  }
});

Deno.test("getBigInt() reads integers of any size, exactly", () => {
  equal(getBigInt(data, "id"), 9223372036854775808n);
  equal(getBigInt({ n: -7 }, "n"), -7n);
  for (const n of [1.5, NaN, Infinity, "1", null]) equal(getBigInt({ n }, "n"), undefined);
});
