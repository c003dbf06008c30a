import { equal } from "node:assert/strict";
import fc from "fast-check";
import { crc32c, maskCrc32c } from "../../../src/codec/snappy/crc32c.ts";

const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);

/** The vectors of RFC 3720, section B.4 (which has the least significant byte first). */
const VECTORS: readonly (readonly [name: string, bytes: Uint8Array, crc: number])[] = [
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 bytes of ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["32 ascending bytes", ascending, 0x46dd794e],
  ["32 descending bytes", ascending.toReversed(), 0x113fdb5c],
  ["an iSCSI read command", iscsiRead(), 0xd9963a56],
  ["nothing", new Uint8Array(0), 0],
  ["the digits 1 to 9", new TextEncoder().encode("123456789"), 0xe3069283],
];

function iscsiRead(): Uint8Array {
  const command = new Uint8Array(48);
  command.set([0x01, 0xc0]);
  command[16] = 0x14;
  command.set([0x04, 0x00], 22);
  command[27] = 0x14;
  command[31] = 0x18;
  command[32] = 0x28;
  command[40] = 0x02;
  return command;
}

for (const [name, bytes, crc] of VECTORS) {
  Deno.test(`crc32c() of ${name} is what RFC 3720 says`, () => equal(crc32c(bytes), crc));
}

/** The definition, bit by bit. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

Deno.test("crc32c() is what the definition gives, at any length and alignment", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(9), (bytes, from) => {
    const part = bytes.subarray(from);
    equal(crc32c(part), slowCrc32c(part));
  }));
});

Deno.test("crc32c() continues from the checksum of the bytes before", () => {
  fc.assert(fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
    equal(crc32c(b, crc32c(a)), crc32c(Uint8Array.from([...a, ...b])));
  }));
});

Deno.test("maskCrc32c() rotates by 15 bits and adds the format's constant", () => {
  equal(maskCrc32c(0), 0xa282ead8);
  equal(maskCrc32c(0xffffffff), 0xa282ead7);
  equal(maskCrc32c(1), 0xa284ead8);
});
