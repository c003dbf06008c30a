/** What `triton help permissions` prints. */
export const text = `\
Permissions in AWS:

  store, doctor            kinesis:DescribeStreamSummary, ListShards, GetShardIterator, GetRecords
                           s3:ListBucket, GetObject, PutObject
  store --streams-like     kinesis:ListStreams
                           kinesis:DescribeStreamSummary, ListShards, GetShardIterator, GetRecords
                           s3:ListBucket, GetObject, PutObject
  store --streams-like --tag
                           kinesis:ListStreams, ListTagsForStream
                           kinesis:DescribeStreamSummary, ListShards, GetShardIterator, GetRecords
                           s3:ListBucket, GetObject, PutObject
  tail                     kinesis:ListShards, GetShardIterator, GetRecords
  tail --group             kinesis:DescribeStreamSummary, ListShards, GetShardIterator, GetRecords
  tail --from TIME         kinesis:DescribeStreamSummary, ListShards, GetShardIterator, GetRecords
    (with a bucket)        s3:ListBucket, GetObject
  checkpoint rewind        kinesis:DescribeStreamSummary, ListShards, GetShardIterator, GetRecords
  checkpoint forget        kinesis:DescribeStreamSummary
  stats --lag              kinesis:GetShardIterator, GetRecords
  shards                   kinesis:ListShards
  put                      kinesis:PutRecords
    (records over 1 MiB)   kinesis:DescribeStreamSummary
  cat, ls --long, verify, map, quarantine, checkpoint recover, checkpoint accept-gap
                           s3:ListBucket, GetObject
  export                   s3:ListBucket, GetObject, PutObject
  ls                       s3:ListBucket

Settings of a bucket need more. Of what is written:
  --object-tag             s3:PutObjectTagging
  --acl                    s3:PutObjectAcl
  --sse aws:kms            kms:GenerateDataKey, Decrypt on the key; to read, kms:Decrypt

Nothing deletes an object, a record or a stream. "triton doctor" tests everything "store" needs.

Rights in the database: SELECT, INSERT, UPDATE and DELETE on the tables triton_*, and CREATE in
their schema when the tables are created or upgraded. "stats", "verify", "map" and "checkpoint
list" need only SELECT. docs/permissions.md has policies and grants to copy.

Permissions on the machine: the executable was compiled with access to the network, to files, to
four kinds of system information and to a list of environment variables. It cannot start programs
or load native code. With "deno run", grant these permissions:

  Kinesis, S3         --allow-net=HOST:PORT  --allow-sys=osRelease
                      --allow-env=AWS_*,HOME,HOMEDRIVE,HOMEPATH,USERPROFILE,_X_AMZN_TRACE_ID
    profiles          --allow-read=$HOME/.aws
    aws login, no HOME --allow-sys=homedir,uid
    roles             --allow-net=169.254.169.254,169.254.170.2
  PostgreSQL          --allow-net=HOST:PORT  --allow-env=PG*,HOME
    files             --allow-read=$HOME/.pgpass,$HOME/.postgresql, or the files you set
  SQLite              --allow-read and --allow-write of the file and of FILE-wal and FILE-shm
  the configuration   --allow-read=FILE  --allow-env=LOG_STREAM,LOG_TOKENS
  checkpoint accept-gap, without --by
                      --allow-env=USER,LOGNAME,USERNAME
  every command       --allow-env=TRITON_*,AWS_REGION,NO_COLOR
`;
