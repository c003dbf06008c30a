/** What `triton help format` prints. */
export const text = `\
An archive is a bucket or a directory with files such as

  20150710/user_activity_prod-store-1436553581.tri
  YYYYMMDD/STREAM-CLIENT-UNIXSECONDS.tri

Day and seconds are in UTC. The name of the stream, as in Kinesis, may contain "-"; the name of the
client may not.

A file is in the Snappy framing format. Uncompressed, it is a sequence of MessagePack maps with text
keys, one per event. Triton, go-triton and triton-python can read each other's files.

Skippable chunks, which the other programs ignore, describe the file. Chunks of type 0x81 are the
quarantine: records that are not events, which "triton quarantine" lists. Chunks of type 0x80, at
the end, are the manifest: counts, a SHA-256, and for each shard the last record before this file and
the last one in it. These link the files of a shard into a chain, which "triton verify" follows.

A file of 10 bytes is an empty archive: it blocks its key for a process that was considered dead.
Keep it for as long as such a process could be alive; a day is more than enough.

"cat" and "tail" print values as this JSON:
  integers            exact at any size
  binary              base64 text
  timestamps          RFC 3339 in UTC
  NaN, infinities     null
  text that is not UTF-8    U+FFFD replaces the invalid bytes
  other extensions    {"Data": base64, "Type": number}

docs/format.md specifies every byte.
`;
