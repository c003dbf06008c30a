/**
 * @module
 */

export { skipEvent, skipMsgpack, validateEvent } from "./msgpack_scan.ts";
export { msgpackToJson, NdjsonWriter } from "./json_write.ts";
export { decodeEvent, decodeMsgpack, decodeMsgpackSequence } from "./msgpack_decode.ts";
export { encodeEvent, encodeMsgpack } from "./msgpack_encode.ts";
export { Extension, Timestamp } from "./msgpack_values.ts";
