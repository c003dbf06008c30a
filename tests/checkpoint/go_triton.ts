/**
 * Databases as go-triton and triton-python make them.
 *
 * @module
 */

/** The table as go-triton and triton-python create it, word for word. */
export const GO_TRITON_TABLE = `
CREATE TABLE IF NOT EXISTS triton_checkpoint (
	client VARCHAR(255) NOT NULL,
	stream VARCHAR(255) NOT NULL,
	shard VARCHAR(255) NOT NULL,
	seq_num VARCHAR(255) NOT NULL,
	updated INTEGER NOT NULL,
	PRIMARY KEY (client, stream, shard))
`;

/** The table of go-triton's first version. */
export const OLDEST_TABLE = `
CREATE TABLE IF NOT EXISTS triton_checkpoint (
	client VARCHAR(255),
	stream VARCHAR(255),
	shard VARCHAR(255),
	seq_num VARCHAR(255),
	PRIMARY KEY (client, stream, shard))
`;

/** Rows of the newer table, as go-triton inserts them. */
export const GO_TRITON_ROWS = `
INSERT INTO triton_checkpoint VALUES
  ('store', 'user_activity_prod', 'shardId-000000000000',
   '49545115243490985018280067714973144582180062593244200961', 1436553581),
  ('store', 'user_activity_prod', 'shardId-000000000001', '7', 1436553582),
  ('other', 'user_activity_prod', 'shardId-000000000000', '8', 1436553583)
`;

/** Rows of the oldest table: the second one never got a position. */
export const OLDEST_ROWS = `
INSERT INTO triton_checkpoint (client, stream, shard, seq_num) VALUES
  ('store', 's', 'shardId-000000000000', '41'),
  ('store', 's', 'shardId-000000000001', NULL)
`;
