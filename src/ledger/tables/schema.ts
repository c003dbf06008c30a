/**
 * The version of the ledger's tables.
 *
 * @module
 */

import type { Premise } from "../../sql/database.ts";
import { LEDGER } from "../../sql/schema/ledger.ts";
import { sameVersions } from "../../sql/schema/versions.ts";

/** The version that this program uses. */
export const LEDGER_VERSION: number = LEDGER.versions.length;

/** The premise of each transaction: the tables have this version. */
export const SAME_SCHEMA: Premise = sameVersions([LEDGER]);
