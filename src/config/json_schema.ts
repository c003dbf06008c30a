import { parse } from "yaml";
import { ARCHIVE_KEYS } from "./archive_settings.ts";
import { ARCHIVE_DOCS, type JsonSchema, type SettingDoc, STREAM_DOCS } from "./setting_docs.ts";

/** Keys that are the user's own: see {@linkcode isExtensionKey}. */
const EXTENSIONS = "^x-";

/**
 * Makes the JSON Schema (draft 7) of the configuration, with which editors complete keys and show
 * mistakes. What it refuses, {@linkcode parseConfig} refuses too. `parseConfig` refuses more: what JSON
 * Schema cannot say, such as a day that is not in the calendar.
 */
export function configSchema(): JsonSchema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "triton.yaml",
    description: "Names for streams in Kinesis, and how they are archived.",
    type: "object",
    minProperties: 1,
    propertyNames: { minLength: 1 },
    patternProperties: {
      // Without a name in Kinesis it is no stream: for anchors, say.
      [EXTENSIONS]: {
        if: { type: "object", required: ["name"] },
        then: { $ref: "#/definitions/stream" },
      },
    },
    additionalProperties: { $ref: "#/definitions/stream" },
    definitions: {
      stream: {
        description: "A stream, by the name that commands and programs use.",
        ...mapOf([...STREAM_DOCS], { archive: { $ref: "#/definitions/archive" } }),
        required: ["name"],
      },
      archive: {
        description: "How triton store archives the stream. These settings win over its flags.",
        ...mapOf(ARCHIVE_DOCS.filter(({ key }) => ARCHIVE_KEYS.includes(key))),
        ...TOGETHER,
      },
    },
  };
}

/** A map with these keys, and those that are the user's own. */
function mapOf(docs: readonly SettingDoc[], more: JsonSchema = {}): JsonSchema {
  const properties = docs.map(({ key, description, example, value }) => [
    key,
    { description, ...value, examples: [parse(example)] },
  ]);
  return {
    type: "object",
    properties: { ...Object.fromEntries(properties), ...more },
    patternProperties: { [EXTENSIONS]: {} },
    additionalProperties: false,
  };
}

/** Settings that need another one. */
const TOGETHER: JsonSchema = {
  allOf: [
    needsKms("sse_kms_key_id", ["aws:kms", "aws:kms:dsse"]),
    needsKms("bucket_key_enabled", ["aws:kms"]),
  ],
};

function needsKms(key: string, encryptions: readonly string[]): JsonSchema {
  return {
    if: { required: [key] },
    then: { required: ["sse"], properties: { sse: { enum: encryptions } } },
  };
}
