/** Lists archives with the library, and prints their number: `BUCKET STREAM FROM TO`. */

import { listArchives, openObjectStore } from "../../src/archive/mod.ts";

const [bucket, stream, from, to] = Deno.args as [string, string, string, string];
await using store = await openObjectStore(bucket);
let count = 0;
for await (const _ of listArchives(store, { stream, from, to })) count++;
console.log(count);
