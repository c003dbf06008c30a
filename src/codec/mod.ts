/**
 * @module
 */

export { skipEvent, skipMsgpack, validateEvent } from "./msgpack_scan.ts";
