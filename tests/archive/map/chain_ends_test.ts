import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { ChainEnds } from "../../../src/archive/map/chain_ends.ts";
import { type ArchiveLink, checkChain, inChainOrder } from "../../../src/archive/verify/chains.ts";
import type { SequenceNumber } from "../../../src/base/record.ts";
import { shardId, START } from "../chain_archives.ts";

/** A file with the records after one up to another; file `n` of the chain unless it is a copy. */
function link(from: number, to: number, key = `key${String(to).padStart(4, "0")}`): ArchiveLink {
  const position = (n: number) => String(n) as SequenceNumber;
  return {
    ...{ key, client: "store", shardId: shardId(0), events: to - from, quarantined: 1 },
    previous: from === 0 ? undefined : position(10 * from),
    ...{ first: position(10 * from + 1), last: position(10 * to) },
    ...{ firstArrival: new Date(START + from), lastArrival: new Date(START + to) },
  };
}

function keep(links: readonly ArchiveLink[]): ChainEnds {
  const ends = new ChainEnds();
  for (const link of links) ends.add(link);
  return ends;
}

function messages(links: readonly ArchiveLink[], beginsAnywhere: boolean): string[] {
  return checkChain(inChainOrder(links), { beginsAnywhere })
    .map(({ type, after, message }) => `${type} ${after}: ${message}`);
}

/** Files of a chain in any order, some of them missing. */
const CHAINS = fc.uniqueArray(fc.nat({ max: 30 }), { minLength: 1 })
  .map((numbers) => numbers.map((n) => link(n, n + 1)));

Deno.test("ChainEnds joins a whole chain to one link, in whatever order it is added", () => {
  fc.assert(fc.property(
    fc.shuffledSubarray([...Array(12).keys()], { minLength: 12 }),
    (order) => {
      const [joined, ...more] = keep(order.map((n) => link(n, n + 1))).links();
      deepEqual(more, []);
      deepEqual(joined, { ...link(0, 12), firstKey: "key0001", quarantined: 12 });
    },
  ));
});

Deno.test("ChainEnds shows the gaps of any chain exactly as all of its links do", () => {
  fc.assert(fc.property(CHAINS, fc.boolean(), (links, beginsAnywhere) => {
    const ends = keep(links).links();
    deepEqual(messages(ends, beginsAnywhere), messages(links, beginsAnywhere));
    equal(ends.length, 1 + messages(links, true).length);
  }));
});

Deno.test("ChainEnds shows that something is wrong if and only if all links do", () => {
  const wrong = fc.array(
    fc.tuple(fc.nat({ max: 30 }), fc.integer({ min: -1, max: 4 }))
      .map(([from, length]) => link(from, from + length, `other${from} ${length}`)),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(CHAINS, wrong, (links, more) => {
      const all = [...links, ...more];
      const ends = keep(all).links();
      equal(messages(ends, false).length > 0, messages(all, false).length > 0);
    }),
    { numRuns: 500 },
  );
});
