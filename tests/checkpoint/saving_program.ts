/**
 * A program that opens a checkpoint database and, unless it is told to open it only, saves one
 * position after the other until it is killed. It prints each position once it is saved.
 *
 * Usage: saving_program.ts URL [open]
 *
 * @module
 */

import { openCheckpointer } from "@triton/triton/checkpoint";
import { positions } from "./contract.ts";

const [url, mode] = Deno.args;
const checkpointer = await openCheckpointer(url!, { client: "program" });
console.log("open");
for (let number = 1; mode !== "open"; number++) {
  await checkpointer.save("s", positions({ 0: `${number}`, 1: `${number}` }));
  console.log(number);
}
await checkpointer[Symbol.asyncDispose]();
