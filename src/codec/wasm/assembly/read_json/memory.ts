/**
 * The memory of the JSON reader, in AssemblyScript. It never grows, so views of it stay valid; the
 * system provides only the pages that are used.
 */

/** Room for lines, or for one text. */
export const INPUT_SIZE: usize = 1_048_576;
/** Most lines of one call. */
export const MAX_LINES: u32 = 8_192;

// Loops may read up to 64 bytes past the end of the input.
export const INPUT: usize = memory.data(1_048_640, 16);
/**
 * No value is more than three times as long as its JSON with the comma after it: `-0,` has 9 bytes.
 */
export const OUTPUT: usize = memory.data(3_145_792, 16);
/** For each line, where it ends in the input, and where its event ends in the output. */
export const LINES: usize = memory.data(65_536, 16);
/** The table of `../schubfach.ts`, which JavaScript copies here. */
export const POWERS: usize = memory.data(9_872, 16);
