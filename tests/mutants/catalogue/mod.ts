/**
 * All mutants, by the rooms that they change.
 *
 * @module
 */

import type { Mutant } from "../mutant.ts";
import { ARCHIVER_MUTANTS } from "./archiver.ts";
import { BUCKET_MUTANTS } from "./buckets.ts";
import { GROUP_MUTANTS } from "./group.ts";
import { HISTORY_MUTANTS } from "./history.ts";
import { HOST_MUTANTS } from "./host.ts";
import { LEDGER_MUTANTS } from "./ledger.ts";
import { PARTS_MUTANTS } from "./parts.ts";
import { SHARED_MUTANTS } from "./shared.ts";
import { STREAM_MUTANTS } from "./stream.ts";
import { TABLES_MUTANTS } from "./tables.ts";
import { VERIFY_MUTANTS } from "./verify.ts";

/** All mutants. */
export const MUTANTS: readonly Mutant[] = [
  ...ARCHIVER_MUTANTS,
  ...BUCKET_MUTANTS,
  ...GROUP_MUTANTS,
  ...HISTORY_MUTANTS,
  ...HOST_MUTANTS,
  ...LEDGER_MUTANTS,
  ...PARTS_MUTANTS,
  ...SHARED_MUTANTS,
  ...STREAM_MUTANTS,
  ...TABLES_MUTANTS,
  ...VERIFY_MUTANTS,
];
