/**
 * All mutants, by the rooms that they change.
 *
 * @module
 */

import type { Mutant } from "../mutant.ts";
import { ARCHIVER_MUTANTS } from "./archiver.ts";
import { STREAM_MUTANTS } from "./stream.ts";

/** All mutants. */
export const MUTANTS: readonly Mutant[] = [...ARCHIVER_MUTANTS, ...STREAM_MUTANTS];
