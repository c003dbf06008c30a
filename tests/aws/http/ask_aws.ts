/**
 * Asks Kinesis and S3 for something, in a process of its own: `fetch` looks for proxies only once.
 *
 * @module
 */

import { openKinesis } from "../../../src/kinesis/mod.ts";
import { openObjectStore } from "../../../src/objects/mod.ts";

const errors: string[] = [];
const note = (error: { message: string; code?: string }) =>
  errors.push(`${error.code} ${error.message}`);
try {
  await using kinesis = await openKinesis();
  await kinesis.describeStream("clicks").catch(note);
  await using store = await openObjectStore("s3://bucket");
  await store.head("a").catch(note);
} catch (error) {
  note(error as Error);
}
console.log(JSON.stringify(errors));
