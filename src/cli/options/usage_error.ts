import { TritonError } from "../../base/errors.ts";

/** Thrown when a command is called in a way that it does not have; the process exits with 2. */
export class UsageError extends TritonError {}
