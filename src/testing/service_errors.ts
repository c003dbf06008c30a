import {
  CheckpointError,
  KinesisError,
  ObjectStoreError,
  type ServiceError,
} from "../base/errors.ts";
import type { ServiceCall, ServiceName } from "./faults.ts";

const DATABASE = ["ECONNRESET", "CONNECTION_CLOSED", "57P01", "57P03", "40001", "SQLITE_BUSY"];

/** Codes of temporary failures, which every client retries. */
export const PASSING_CODES: Readonly<Record<ServiceName, readonly string[]>> = {
  kinesis: [
    "ProvisionedThroughputExceededException",
    "LimitExceededException",
    "InternalFailure",
    "ServiceUnavailable",
    "TimeoutError",
    "ECONNRESET",
  ],
  store: ["SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "ECONNRESET"],
  checkpointer: DATABASE,
  ledger: DATABASE,
  group: DATABASE,
};

/** The code of each service for too many requests. */
export const THROTTLED_CODES: Readonly<Record<ServiceName, string>> = {
  kinesis: "ProvisionedThroughputExceededException",
  store: "SlowDown",
  checkpointer: "SQLITE_BUSY",
  ledger: "SQLITE_BUSY",
  group: "SQLITE_BUSY",
};

const ERRORS = {
  kinesis: KinesisError,
  store: ObjectStoreError,
  checkpointer: CheckpointError,
  ledger: CheckpointError,
  group: CheckpointError,
};

/** Returns the error of a call that failed with a code. */
export function serviceError(
  { service, operation }: ServiceCall,
  code: string,
  retryable = true,
): ServiceError {
  return new ERRORS[service](`Cannot ${operation}: ${code}`, { code, retryable });
}
