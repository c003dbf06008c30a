/** What `triton help format` prints. */
export const text = `\
An archive is a bucket, or a directory, of files such as

  20150710/user_activity_prod-store-1436553581.tri
  YYYYMMDD/STREAM-CLIENT-UNIXSECONDS.tri

Day and seconds are in UTC. The stream's name, as in Kinesis, may contain "-", the client's may not.

A file is a stream in the Snappy framing format. Uncompressed, it is MessagePack: one map with text
keys for each event, one after the other. go-triton and triton-python read it, and theirs are read.

What they pass over says what the file holds. Chunks of type 0x81 are the quarantine: records that
are not events, which "triton quarantine" lists. Chunks of type 0x80, at the end, are the manifest:
counts, a SHA-256, and for each shard the record before the file's first and its last one. That
links the files of a shard into a chain, which "triton verify" walks.

A file of 10 bytes is an empty archive: it keeps a key from being used by a process that was taken
for dead. It must stay for as long as such a process could be alive; a day is plenty.

As JSON, which is what "cat" and "tail" print:
  integers            exact at any size
  binary              base64 text
  timestamps          RFC 3339 in UTC
  NaN, infinities     null
  text that is not UTF-8    with U+FFFD in the place of what is wrong
  other extensions    {"Data": base64, "Type": number}

docs/format.md tells it to the byte.
`;
