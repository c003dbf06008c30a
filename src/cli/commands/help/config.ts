import {
  ARCHIVE_DOCS,
  isOfBucket,
  type SettingDoc,
  STREAM_DOCS,
} from "../../../config/setting_docs.ts";
import { ARCHIVE_KEYS } from "../../../config/archive_settings.ts";

/** Column of the notes beside the examples. */
const NOTES_AT = 31;

/** Settings with what stands beside them. */
function examples(docs: readonly SettingDoc[], indent: number, notesAt = NOTES_AT): string {
  return docs.map(({ key, example, note }) => {
    const setting = `${" ".repeat(indent)}${key}: ${example}`;
    return `${setting.padEnd(Math.max(notesAt - 1, setting.length + 2))} # ${note}`;
  }).join("\n");
}

const known = ARCHIVE_DOCS.filter(({ key }) => ARCHIVE_KEYS.includes(key));

/** What `triton help config` prints. */
export const text = `\
The configuration is a YAML file that maps the names you use to streams in Kinesis.

  user_activity:               # what commands and programs use: --stream user_activity
${examples(STREAM_DOCS, 4)}
    archive:                   # for "store" and "doctor" these win over the flags
${examples(known.filter((doc) => !isOfBucket(doc)), 6)}
      # How the bucket is used, in S3: by "store" and "doctor", and by all that read the archive.
${examples(known.filter(isOfBucket), 6, 44)}

Only "name" is required. Any other key is an error, which shows its line, except those that begin
with "x-": they are yours, for anchors that several streams merge:

  x-defaults: &defaults { region: us-west-1, archive: { rotate: 15m } }
  user_activity: { <<: *defaults, name: user_activity_prod }

Set the path of the file with TRITON_CONFIG or --config. "triton config check" checks it, and
"triton config schema" prints its JSON Schema, for completion and errors in editors. It contains no
credentials: they come from the same sources as for the AWS SDK (triton help environment).

Archives use the stream's name in Kinesis. --bucket or TRITON_BUCKET sets their location:
  s3://BUCKET/PREFIX, or BUCKET      a bucket in S3; BUCKET may be the ARN of an access point
  file:///DIRECTORY                  a directory

Positions are stored in a database, which --checkpoint-db or TRITON_DB sets:
  sqlite://PATH                      a file; sqlite:///var/lib/triton.db is absolute
  postgres://USER@HOST/DATABASE      PostgreSQL; PGPASSWORD keeps the password out of the URL
`;
