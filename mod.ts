/**
 * Triton archives Kinesis streams to S3 and reads both back.
 *
 * @module
 */

export * from "./src/errors.ts";
export * from "./src/record.ts";
export * from "./src/clock.ts";
export { VERSION } from "./src/version.ts";
