/** The source of ../kernels_wasm.ts: `deno task wasm` compiles it. */

export { decodeBase64, decodedEnd } from "./base64";
export { compress } from "./compress";
export { crc32c } from "./crc32c";
export { isEvent } from "./events";
export { lineCount, stoppedAt, writeLines } from "./json_lines";
export { INPUT, INPUT_SIZE, OUTPUT, OUTPUT_SIZE } from "./memory";
export { POWERS } from "./powers";
export {
  isAscending,
  isAscii,
  isRefused,
  readRecords,
  recordCount,
  restAt,
  textEnd,
} from "./records";
export { badOffset, doneBytes, uncompress } from "./uncompress";
