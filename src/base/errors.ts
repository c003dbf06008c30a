/**
 * The family of errors that Triton throws.
 *
 * Misuse of the library itself (a negative limit, an impossible name) is a `TypeError` or a
 * `RangeError`; everything that can go wrong with data, files or services is a
 * {@linkcode TritonError}.
 *
 * @module
 */

/** Base of every error that Triton throws about data, files and services. */
export class TritonError extends Error {
  /**
   * Creates an error.
   *
   * @param message What could not be done, and why.
   * @param options `cause` is the error behind this one.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Thrown when bytes or names do not follow the `.tri` archive format. */
export class ArchiveFormatError extends TritonError {
  /** Where decoding failed, in bytes from the start of the input. */
  readonly offset: number;

  /**
   * Creates an error.
   *
   * @param message What could not be decoded, and why.
   * @param options `offset` in bytes from the start of the input.
   */
  constructor(message: string, options: ErrorOptions & { readonly offset: number }) {
    super(message, options);
    this.offset = options.offset;
  }
}

/** Where in a configuration file something is wrong. */
export interface ConfigErrorOptions extends ErrorOptions {
  /** Path of the file, as it was given. */
  readonly path?: string | undefined;
  /** Line, counted from 1. */
  readonly line?: number | undefined;
  /** Column, counted from 1. */
  readonly column?: number | undefined;
}

/** Thrown when a configuration is missing or not valid. */
export class ConfigError extends TritonError {
  /** Path of the file, if the text came from one. */
  readonly path: string | undefined;
  /** Line of the mistake, counted from 1. */
  readonly line: number | undefined;
  /** Column of the mistake, counted from 1. */
  readonly column: number | undefined;

  /**
   * Creates an error; the place is put before the message, as compilers do.
   *
   * @param message What is wrong, and what would be right.
   * @param options Where it is wrong.
   */
  constructor(message: string, options: ConfigErrorOptions = {}) {
    const place = [options.path, options.line, options.column].filter((part) => part !== undefined);
    super(place.length > 0 ? `${place.join(":")}: ${message}` : message, options);
    this.path = options.path;
    this.line = options.line;
    this.column = options.column;
  }
}

/** Details of an error of a service. */
export interface ServiceErrorOptions extends ErrorOptions {
  /** The service's own name for the error, such as `"ResourceNotFoundException"`. */
  readonly code: string;
  /** Whether the same request may succeed later, as after a lost connection. Default: false. */
  readonly retryable?: boolean | undefined;
}

/** Base of the errors of the services that Triton talks to. */
export class ServiceError extends TritonError {
  /** The service's own name for the error, such as `"ResourceNotFoundException"`. */
  readonly code: string;
  /** Whether the same request may succeed later (throttling, 5xx, a lost connection). */
  readonly retryable: boolean;

  /**
   * Creates an error.
   *
   * @param message What could not be done, and why.
   * @param options The code, and whether a retry may succeed.
   */
  constructor(message: string, options: ServiceErrorOptions) {
    super(message, options);
    this.code = options.code;
    this.retryable = options.retryable ?? false;
  }
}

/** Thrown when Kinesis refuses a request or cannot be reached. */
export class KinesisError extends ServiceError {}

/** Thrown when an object store refuses a request or cannot be reached. */
export class ObjectStoreError extends ServiceError {}

/** Thrown when a checkpoint database refuses a statement or cannot be reached. */
export class CheckpointError extends ServiceError {}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
