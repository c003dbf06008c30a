/** The source of ../../read_json_wasm.ts: `deno task wasm` compiles it. */

export { readLines, readText } from "./lines";
export { INPUT, INPUT_SIZE, LINES, OUTPUT, POWERS } from "./memory";
