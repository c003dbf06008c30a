/** What `triton help permissions` prints. */
export const text = `\
What AWS must allow:

  store, doctor            kinesis:DescribeStreamSummary, ListShards, GetShardIterator, GetRecords
                           s3:ListBucket, GetObject, PutObject
  tail                     kinesis:ListShards, GetShardIterator, GetRecords
  tail --from TIME         kinesis:DescribeStreamSummary, ListShards, GetShardIterator, GetRecords
    (with a bucket)        s3:ListBucket, GetObject
  checkpoint rewind        kinesis:DescribeStreamSummary, ListShards, GetShardIterator, GetRecords
  checkpoint forget        kinesis:DescribeStreamSummary
  stats --lag              kinesis:GetShardIterator, GetRecords
  shards                   kinesis:ListShards
  put                      kinesis:PutRecords
  cat, ls --long, verify, quarantine, checkpoint recover
                           s3:ListBucket, GetObject
  ls                       s3:ListBucket

Nothing deletes an object, a record or a stream. "triton doctor" tries all that "store" needs.

What the database must allow: SELECT, INSERT, UPDATE and DELETE on the tables triton_*, and CREATE
in their schema when they are made or brought to a new version. "stats", "verify" and "checkpoint
list" only SELECT. docs/permissions.md has policies and grants to copy.

What the machine must allow. The executable was compiled with network, reading and writing of files,
four questions about the system and a list of environment variables; it cannot start programs or
load native code. As a script, Deno gives it what you say:

  Kinesis, S3         --allow-net=HOST:PORT  --allow-sys=osRelease
                      --allow-env=AWS_*,HOME,HOMEDRIVE,HOMEPATH,USERPROFILE,_X_AMZN_TRACE_ID
    profiles          --allow-read=$HOME/.aws
    aws login, no HOME --allow-sys=homedir,uid
    roles             --allow-net=169.254.169.254,169.254.170.2
  PostgreSQL          --allow-net=HOST:PORT  --allow-env=PG*,HOME
    files             --allow-read=$HOME/.pgpass,$HOME/.postgresql, or those that are named
  SQLite              --allow-read and --allow-write of the file and of FILE-wal and FILE-shm
  the configuration   --allow-read=FILE  --allow-env=LOG_STREAM,LOG_TOKENS
  every command       --allow-env=TRITON_*,AWS_REGION,NO_COLOR
`;
