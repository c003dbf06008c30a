/** What `triton help permissions` prints. */
export const text = `\
What AWS must allow:

             on the stream                                 on the bucket
  store      kinesis:DescribeStreamSummary, ListShards,    s3:ListBucket, GetObject, PutObject
             GetShardIterator, GetRecords
  tail       kinesis:ListShards, GetShardIterator,
             GetRecords
  put        kinesis:PutRecords
  shards     kinesis:ListShards
  stats      with --lag: kinesis:GetShardIterator,
             GetRecords
  cat, ls, verify, quarantine                              s3:ListBucket, GetObject
  checkpoint rewind: kinesis:ListShards,                   recover: s3:ListBucket, GetObject
             GetShardIterator, GetRecords

Nothing deletes or overwrites an archive, so nobody needs s3:DeleteObject. "triton doctor" tries
each permission that "store" needs.

What the database must allow: SELECT, INSERT, UPDATE and DELETE on the tables triton_*, and CREATE
in their schema when they are made or brought to a new version. "stats" and "verify" only SELECT.

What the machine must allow. The executable was compiled with network, reading and writing of files,
two questions about the system and a list of environment variables; it cannot start programs or
load native code. As a script, Deno gives it what you say:

  Kinesis, S3         --allow-net=HOST:PORT  --allow-sys=osRelease
                      --allow-env=AWS_*,HOME,HOMEDRIVE,HOMEPATH,USERPROFILE,_X_AMZN_TRACE_ID
    profiles          --allow-read=$HOME/.aws
    roles             --allow-net=169.254.169.254,169.254.170.2
  PostgreSQL          --allow-net=HOST:PORT  --allow-env=PG*
  SQLite              --allow-read and --allow-write of the file and of FILE-wal and FILE-shm
  the configuration   --allow-read=FILE  --allow-env=LOG_STREAM,LOG_TOKENS
  every command       --allow-env=TRITON_*,AWS_REGION,NO_COLOR
`;
