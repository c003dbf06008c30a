/** What `triton help config` prints. */
export const text = `\
The configuration is a YAML file that maps the names you use to streams in Kinesis.

  user_activity:               # what commands and programs use: --stream user_activity
    name: user_activity_prod   # the stream in Kinesis
    partition_key: user_id     # the field of an event that picks its shard; only for "put"
    region: us-west-1          # default: AWS_REGION, then the profile's
    endpoint: http://localhost:4567   # default: AWS_ENDPOINT_URL_KINESIS
    archive:                   # for "store" and "doctor" these win over the flags
      bucket: s3://triton-prod/activity   # default: --bucket
      client: store            # default: --client-name
      rotate: 15m              # default: --rotate
      max_size: 64MiB          # default: --max-size
      from: 2026-09-01         # default: --from
      enabled: true            # false: --all-streams leaves the stream out
      # How the bucket is used, in S3: by "store" and "doctor", and by all that read the archive.
      storage_class: STANDARD_IA          # of what is written (--storage-class)
      object_tags: { team: data }         # of what is written (--object-tag)
      sse: aws:kms                        # or AES256, aws:kms:dsse (--sse)
      sse_kms_key_id: alias/archive       # with sse: aws:kms (--sse-kms-key-id)
      bucket_key_enabled: true            # with sse: aws:kms (--bucket-key-enabled)
      acl: bucket-owner-full-control      # of what is written (--acl)
      expected_bucket_owner: 111122223333 # else S3 refuses requests (--expected-bucket-owner)
      request_payer: requester            # of a Requester Pays bucket (--request-payer)
      use_dualstack_endpoint: true        # default: AWS_USE_DUALSTACK_ENDPOINT
      use_fips_endpoint: false            # default: AWS_USE_FIPS_ENDPOINT
      use_accelerate_endpoint: false      # Transfer Acceleration (--use-accelerate-endpoint)

Only "name" is required. Any other key is an error, which shows its line, except those that begin
with "x-": they are yours, for anchors that several streams merge:

  x-defaults: &defaults { region: us-west-1, archive: { rotate: 15m } }
  user_activity: { <<: *defaults, name: user_activity_prod }

Set the path of the file with TRITON_CONFIG or --config. It contains no credentials: they come from
the same sources as for the AWS SDK (triton help environment).

Archives use the stream's name in Kinesis. --bucket or TRITON_BUCKET sets their location:
  s3://BUCKET/PREFIX, or BUCKET      a bucket in S3; BUCKET may be the ARN of an access point
  file:///DIRECTORY                  a directory

Positions are stored in a database, which --checkpoint-db or TRITON_DB sets:
  sqlite://PATH                      a file; sqlite:///var/lib/triton.db is absolute
  postgres://USER@HOST/DATABASE      PostgreSQL; PGPASSWORD keeps the password out of the URL
`;
