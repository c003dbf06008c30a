/** What `triton help config` prints. */
export const text = `\
The configuration: one YAML file that maps the names you use to streams in Kinesis.

  user_activity:               # what commands and programs say: --stream user_activity
    name: user_activity_prod   # the stream in Kinesis
    partition_key: user_id     # the field of an event that picks its shard; only "put" needs it
    region: us-west-1          # else AWS_REGION, else the profile's
    endpoint: http://localhost:4567   # for a local Kinesis; else AWS_ENDPOINT_URL_KINESIS

Only "name" must be there. A key that is not one of these is an error, which names its line.

The file is found through TRITON_CONFIG or --config. It holds no credentials: those are found where
the AWS SDK always looks (triton help environment).

Archives are found by the stream's name in Kinesis. --bucket or TRITON_BUCKET says where they are:
  s3://BUCKET/PREFIX, or BUCKET      a bucket in S3
  file:///DIRECTORY                  a directory

Positions are kept in a database. --checkpoint-db or TRITON_DB says in which:
  sqlite://PATH                      a file; sqlite:///var/lib/triton.db is absolute
  postgres://USER@HOST/DATABASE      PostgreSQL; PGPASSWORD keeps the password out of the URL
`;
