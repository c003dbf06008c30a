/** The result of a Standard Schema. */
export type RecordSchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | {
    readonly issues: readonly {
      readonly message: string;
      readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
    }[];
  };

/**
 * The shape of events: any [Standard Schema](https://standardschema.dev), such as one of
 * zod, valibot or arktype. `T` is its output.
 *
 * This is version 1 of the specification, as far as it is used here. It is a copy, as the
 * specification suggests: `@standard-schema/spec` does not pass JSR's rules for documented types.
 */
export interface RecordSchema<T> {
  /** The part that all such schemas have in common. */
  readonly "~standard": {
    /** The version of the specification. */
    readonly version: 1;
    /** The library of the schema. */
    readonly vendor: string;
    /** Checks a value, synchronously or asynchronously. */
    readonly validate: (value: unknown) => RecordSchemaResult<T> | Promise<RecordSchemaResult<T>>;
  };
}

/** One thing in an event that does not fit a schema. */
export interface RecordIssue {
  /** Where it is in the event, as in `"user.tags.0"`; empty if it is about the whole event. */
  readonly path: string;
  /** What is wrong, in the schema's own words. */
  readonly message: string;
}

/** The result of checking an event: the schema's output, or what does not fit. */
export type SchemaResult<T> =
  | { readonly type: "valid"; readonly data: T }
  | { readonly type: "invalid"; readonly issues: readonly RecordIssue[] };

/**
 * Checks an event with a schema.
 *
 * @returns The result. Errors that the schema throws are passed on.
 */
export async function applySchema<T>(
  schema: RecordSchema<T>,
  data: unknown,
): Promise<SchemaResult<T>> {
  const result = await schema["~standard"].validate(data);
  if (result.issues === undefined) return { type: "valid", data: result.value };
  const issues = result.issues.map(({ message, path = [] }) => {
    const keys = path.map((segment) => typeof segment === "object" ? segment.key : segment);
    return { path: keys.map(String).join("."), message };
  });
  return { type: "invalid", issues };
}
