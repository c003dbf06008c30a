/**
 * The input and output memory, in AssemblyScript. It never grows, so views of it stay valid.
 */

/** Room for the longest Snappy block of a chunk, and for reading past its end. */
export const INPUT_SIZE: usize = 400_000;
/** Room for the JSON of most chunks; larger ones are written in several calls. */
export const OUTPUT_SIZE: usize = 524_288;

// Loops may read or write up to 64 bytes past the end.
export const INPUT: usize = memory.data(400_064, 16);
export const OUTPUT: usize = memory.data(524_352, 16);
