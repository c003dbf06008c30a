import { TritonError } from "../../base/errors.ts";

/** Thrown when a command is used incorrectly; the process exits with 2. */
export class UsageError extends TritonError {}
