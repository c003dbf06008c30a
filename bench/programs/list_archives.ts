/** Lists archives with the library of a tree, and prints their number: `ROOT BUCKET STREAM FROM TO`. */

import type * as Archive from "../../src/archive/mod.ts";

const [root, bucket, stream, from, to] = Deno.args as [string, string, string, string, string];
const { listArchives, openObjectStore }: typeof Archive = await import(
  `${root}/src/archive/mod.ts`
);
await using store = await openObjectStore(bucket);
let count = 0;
for await (const _ of listArchives(store, { stream, from, to })) count++;
console.log(count);
