import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import {
  type DatabaseFacts,
  inspectDatabase,
  rehearseDatabase,
} from "../../../ledger/inspect_database.ts";
import { type LedgerReport, NOTHING_RECORDED, readLedger } from "../../../ledger/read_ledger.ts";
import { type AcceptedGapRow, readAcceptedGaps } from "../../../ledger/accepted_gaps.ts";
import type { Clock } from "../../../base/clock.ts";
import type { Findings } from "./findings.ts";
import { formatBytes } from "../../text/format.ts";

/** The database to check. */
export interface DatabasePlace {
  readonly url: string;
  readonly client: string;
  readonly stream: string;
  readonly clock: Clock;
}

/** What the database knows about all clients of the stream. */
export interface DatabaseKnowledge {
  readonly facts: DatabaseFacts;
  readonly history: LedgerReport;
  /** Gaps that were accepted. */
  readonly accepted: readonly AcceptedGapRow[];
}

/** Leases use the database's clock, alarms about retention this machine's. */
const MAX_SKEW_MS = 10_000;
const LEAST_SPACE = 100 * 2 ** 20;

/** File systems that several machines can share, with locks SQLite cannot rely on; see statfs(2). */
const SHARED: Readonly<Record<number, string>> = {
  0x6969: "NFS",
  0x517b: "SMB",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB2",
  0x01021997: "9P",
  0x00c36400: "CephFS",
  0x5346414f: "AFS",
  0x0bd00bd0: "Lustre",
  0x47504653: "GPFS",
};

/** Tests everything that `triton store` does with its database, and changes nothing in it. */
export async function checkDatabase(
  place: DatabasePlace,
  findings: Findings,
): Promise<DatabaseKnowledge | undefined> {
  const { url, client, stream, clock } = place;
  const facts = await findings.attempt(
    "database",
    adviceOn,
    () => inspectDatabase(url, { client, stream }),
  );
  if (facts === undefined) return undefined;
  if (/^memory:$|:memory:$/.test(url)) {
    findings.fail("database", "a database in memory is lost when the process ends", {
      weakens: "positions are lost, so records are archived again after each start",
      advice: "pass a file or a server as --checkpoint-db",
    });
    return undefined;
  }
  findings.ok("database", facts.version + (facts.isNew ? ", a file that does not exist yet" : ""));
  const rights = await findings.attempt("database rights", adviceOn, async () => {
    await rehearseDatabase(url);
    return true;
  });
  if (rights) findings.ok("database rights", "everything that triton store does there is allowed");
  if (facts.forgetful) {
    findings.warn("database durability", "fsync is off", {
      weakens: "the database can lose committed transactions when its machine crashes",
      advice: "set fsync = on in postgresql.conf",
    });
  }
  checkIntruders(facts, findings);
  checkItsClock(facts, clock, findings);
  if (facts.path !== undefined) checkFileSystem(facts.path, findings);
  return await readHistory(place, facts, findings);
}

/** Reads what a database that has been checked knows of another stream. */
export async function readKnowledge(
  place: DatabasePlace,
  findings: Findings,
): Promise<DatabaseKnowledge | undefined> {
  const { url, client, stream } = place;
  const inspect = () => inspectDatabase(url, { client, stream });
  const facts = await findings.attempt("database", adviceOn, inspect);
  return facts && await readHistory(place, facts, findings);
}

async function readHistory(
  { url, stream }: DatabasePlace,
  facts: DatabaseFacts,
  findings: Findings,
): Promise<DatabaseKnowledge | undefined> {
  if (facts.isNew) return { facts, history: NOTHING_RECORDED, accepted: [] };
  const read = () => readLedger(url, { stream });
  const history = await findings.attempt("positions", adviceOn, read);
  if (history === undefined) return undefined;
  const readAccepted = () => readAcceptedGaps(url, { stream });
  const accepted = await findings.attempt("accepted gaps", adviceOn, readAccepted) ?? [];
  return { facts, history, accepted };
}

function checkIntruders({ version, intruders }: DatabaseFacts, findings: Findings): void {
  if (!version.startsWith("PostgreSQL")) return;
  if (intruders.length === 0) {
    return findings.ok("database owners", "no other role could run code as this user");
  }
  const who = intruders.map(({ role, by }) => `${role} (${by})`).join(", ");
  findings.warn("database owners", `these could run code as this user: ${who}`, {
    weakens: "they can change positions, so that records are lost or archived twice",
    advice:
      "revoke these rights, for example with REVOKE CREATE ON SCHEMA public FROM PUBLIC, or " +
      "give Triton its own schema",
  });
}

function checkItsClock({ version, now }: DatabaseFacts, clock: Clock, findings: Findings): void {
  if (version.startsWith("SQLite")) return; // which uses this machine's
  const skew = clock.now() - now.getTime();
  const seconds = Math.round(Math.abs(skew) / 1000);
  if (Math.abs(skew) <= MAX_SKEW_MS) {
    return findings.ok("database clock", "agrees with this machine's");
  }
  findings.warn(
    "database clock",
    `this machine's clock is ${seconds} s ${skew > 0 ? "ahead of" : "behind"} the database's`,
    { advice: "synchronize both with NTP: alarms about retention compare the two" },
  );
}

/** The result of statfs(2). */
type StatFs = (path: string) => {
  readonly type: number;
  readonly bavail: number;
  readonly bsize: number;
};

/** Checks the file system and the free space of a SQLite file, which need not exist yet. */
export function checkFileSystem(
  path: string,
  findings: Findings,
  statfs: StatFs = statfsSync,
): void {
  const found = tryStatFs(dirname(path), statfs, findings);
  if (found === undefined) return;
  const shared = SHARED[found.type >>> 0];
  if (shared === undefined) findings.ok("file system", "is local to this machine");
  else {
    findings.fail("file system", `${path} is on ${shared}, whose locks SQLite cannot rely on`, {
      weakens: "two workers can both believe that they hold a lease",
      advice: "put the file on a disk of this machine, or use PostgreSQL",
    });
  }
  const space = found.bavail * found.bsize;
  if (space < LEAST_SPACE) {
    findings.warn("disk space", `${formatBytes(space)} are free on the disk of ${path}`, {
      advice: "free some space: triton store stops archiving while the disk is full",
    });
  }
}

function tryStatFs(
  directory: string,
  statfs: StatFs,
  findings: Findings,
): ReturnType<StatFs> | undefined {
  try {
    return statfs(directory);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    findings.warn("file system", `its type is unknown: ${reason}`, {
      advice: "make sure that the SQLite file is on a disk of this machine; with deno run, pass " +
        "--allow-sys=statfs",
    });
    return undefined;
  }
}

function adviceOn(code: string): string | undefined {
  switch (code) {
    case "42501":
      return "grant the rights listed in docs/permissions.md, or run triton store once as the owner " +
        "of the schema, which creates the tables";
    case "Untrusted":
      return "drop what is not Triton's, or change its owner to a trusted role";
    case "25006":
      return "use the primary: this server is a standby, which is read-only";
    case "3D000":
      return "create the database: CREATE DATABASE ...";
    case "28P01":
    case "28000":
      return "check the user and the password in --checkpoint-db, or PGPASSWORD";
    case "ECONNREFUSED":
    case "ENOENT":
      return "start the server, or pass another one as --checkpoint-db";
    default:
      return undefined;
  }
}
