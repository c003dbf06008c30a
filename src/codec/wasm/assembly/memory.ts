/**
 * Where the bytes go in and come out, in AssemblyScript: the memory never grows, so that views of it
 * stay valid.
 */

/** Room for the longest Snappy block that a chunk may hold, and what is read behind it. */
export const INPUT_SIZE: usize = 400_000;
/** Room for the JSON of most chunks: what does not fit is written in several goes. */
export const OUTPUT_SIZE: usize = 524_288;

// Loops may read, or write, up to 64 bytes too far.
export const INPUT: usize = memory.data(400_064, 16);
export const OUTPUT: usize = memory.data(524_352, 16);
