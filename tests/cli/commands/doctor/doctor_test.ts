import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  type ArchiveLedger,
  openCheckpointer,
  openLedger,
} from "../../../../src/exports/checkpoint.ts";
import { inspectDatabase, rehearseDatabase } from "../../../../src/ledger/inspect_database.ts";
import { PROBE_KEY } from "../../../../src/archiver/checks/conditional_store.ts";
import { checkFileSystem } from "../../../../src/cli/commands/doctor/check_database.ts";
import { formatFindings, verdictOn } from "../../../../src/cli/commands/doctor/doctor_report.ts";
import { examine } from "../../../../src/cli/commands/doctor/examine.ts";
import { colorsOf } from "../../../../src/cli/text/table.ts";
import { type Finding, Findings } from "../../../../src/cli/commands/doctor/findings.ts";
import { systemClock } from "../../../../src/base/clock.ts";
import { openKinesis } from "../../../../src/kinesis/mod.ts";
import { openObjectStore } from "../../../../src/objects/mod.ts";
import { gapId } from "../../../../src/archive/verify/gap_id.ts";
import { acceptGap } from "../../../../src/ledger/accepted_gaps.ts";
import type { SequenceNumber } from "../../../../src/base/record.ts";
import { fileOf, type FileSpec, keyOf, shardId } from "../../../archive/chain_archives.ts";
import { query } from "../../../sql/postgres/support.ts";
import { startPipeline } from "../../../e2e/pipeline.ts";
import { startKinesalite } from "../../../support/kinesalite.ts";
import { type KinesisProxy, startKinesisProxy } from "../../../support/kinesis_proxy.ts";
import { LOCAL_CREDENTIALS, LOCAL_REGION } from "../../../support/local_kinesis.ts";
import { startPostgres } from "../../../support/postgres.ts";
import {
  s3Error,
  type S3Operation,
  type S3Server,
  startS3Server,
} from "../../../support/s3_server.ts";

const STREAM = "clicks";
const BUCKET = "triton-test";
const NUMBER = "5" as SequenceNumber;

/** Everything that doctor checks. */
interface Patient {
  readonly kinesis: KinesisProxy;
  readonly s3: S3Server;
  readonly directory: string;
  /** URL of the database, a SQLite file that does not exist yet. */
  readonly database: string;
  /** Runs all checks, and returns all findings. */
  examine(options?: Partial<Parameters<typeof examine>[0]>): Promise<Finding[]>;
  /** The findings that are not ok, as `level check: message`. */
  complaints(options?: Partial<Parameters<typeof examine>[0]>): Promise<string[]>;
}

async function withPatient(test: (patient: Patient) => Promise<void>): Promise<void> {
  await using server = await startKinesalite();
  await server.createStream(STREAM, 2);
  await using kinesis = startKinesisProxy(server.url);
  kinesis.description = { RetentionPeriodHours: 168 };
  await using s3 = await startS3Server({ buckets: [BUCKET] });
  const directory = await Deno.makeTempDir({ prefix: "triton-doctor-" });
  const credentials = LOCAL_CREDENTIALS;
  const database = `sqlite://${join(directory, "triton.db")}`;
  const patient: Patient = {
    ...{ kinesis, s3, directory, database },
    examine: (options) =>
      examine({
        ...{ stream: STREAM, client: "store", url: database, clock: systemClock, settings: {} },
        openKinesis: (onServerTime) =>
          openKinesis({ region: LOCAL_REGION, endpoint: kinesis.url, credentials, onServerTime }),
        openStore: (onServerTime) =>
          openObjectStore(`s3://${BUCKET}`, {
            ...{ region: LOCAL_REGION, endpoint: s3.url, credentials, onServerTime },
          }),
        ...options,
      }),
    complaints: async (options) =>
      (await patient.examine(options)).filter(({ level }) => level !== "ok")
        .map(({ level, check, message }) => `${level} ${check}: ${message}`),
  };
  try {
    await test(patient);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The only complaint. */
async function complaintOf(
  { examine }: Patient,
  options?: Parameters<Patient["examine"]>[0],
): Promise<Finding> {
  const complaints = (await examine(options)).filter(({ level }) => level !== "ok");
  equal(complaints.length, 1, JSON.stringify(complaints));
  return complaints[0]!;
}

function ledgerIn(database: string): Promise<ArchiveLedger> {
  return openLedger(database, { client: "store", stream: STREAM });
}

Deno.test("doctor reports no problem if there is none, and changes nothing except the probe", () =>
  withPatient(async (patient) => {
    const findings = await patient.examine();
    deepStrictEqual(findings.filter(({ level }) => level !== "ok"), []);
    const checks = [...new Set(findings.map(({ check }) => check))];
    deepStrictEqual(checks, [
      ...["stream", "retention", "shards", "records"],
      ...["list", "put", "conditional put", "get", "head"],
      ...["database", "database rights", "file system"],
      ...["clock", "workers", "gaps", "archive"],
    ]);
    deepStrictEqual([...Deno.readDirSync(patient.directory)], []);
    deepStrictEqual([...patient.s3.buckets.get(BUCKET)!.keys()], [PROBE_KEY]);
    const verdict = verdictOn(findings);
    deepStrictEqual([verdict.safe, verdict.exactlyOnce], [true, true]);
    match(verdict.guarantee, /^exactly once: /);
  }));

Deno.test("doctor names the Kinesis permission that is missing", () =>
  withPatient(async (patient) => {
    const { kinesis } = patient;
    const actions = { // with the check that fails
      DescribeStreamSummary: "stream",
      ListShards: "shards",
      GetShardIterator: "iterator",
      GetRecords: "records",
    };
    for (const [action, check] of Object.entries(actions)) {
      kinesis.refusals.set(action, "AccessDeniedException");
      const finding = await complaintOf(patient);
      deepStrictEqual([finding.level, finding.check], ["fail", check]);
      equal(finding.advice, `allow kinesis:${action} on arn:aws:kinesis:*:*:stream/clicks`);
      kinesis.refusals.clear();
    }
    kinesis.refusals.set("GetRecords", "KMSAccessDeniedException");
    match((await complaintOf(patient)).advice!, /^allow kms:Decrypt on the key/);
    kinesis.refusals.clear();
    deepStrictEqual(
      (await patient.complaints({ stream: "nowhere" })).map((line) => line.split(":")[0]),
      ["fail stream", "fail shards"],
    );
  }));

Deno.test("doctor warns of a short retention and large records, and reports KMS and fan-out", () =>
  withPatient(async (patient) => {
    const { kinesis } = patient;
    kinesis.description = { RetentionPeriodHours: 24, MaxRecordSizeInKiB: 10_240 };
    deepStrictEqual((await patient.complaints()).map((line) => line.split(",")[0]), [
      "warn retention: records are kept for 24 hours: if triton store is down for longer",
      "warn record size: the stream takes records of up to 10.5 MB",
    ]);
    kinesis.description = {
      ...{ RetentionPeriodHours: 48, StreamStatus: "CREATING", ConsumerCount: 2 },
      ...{ EncryptionType: "KMS", KeyId: "alias/clicks" },
    };
    const findings = await patient.examine();
    const said = (check: string) => findings.find((finding) => finding.check === check);
    equal(said("stream")!.level, "fail");
    match(said("encryption")!.message, /with KMS key alias\/clicks$/);
    match(said("fan-out")!.message, /^2 enhanced fan-out consumers/);
  }));

Deno.test("doctor names the S3 permission that is missing", () =>
  withPatient(async (patient) => {
    const operations: [S3Operation, string, string][] = [
      ["ListObjectsV2", "list", "allow s3:ListBucket on the bucket"],
      ["PutObject", "put", "allow s3:PutObject on the bucket's objects"],
      ["GetObject", "get", "allow s3:GetObject on the bucket's objects"],
      ["HeadObject", "head", "allow s3:ListBucket on the bucket"],
    ];
    for (const [operation, check, advice] of operations) {
      patient.s3.fault = (request) =>
        request.operation === operation ? s3Error(403, "AccessDenied", request) : undefined;
      const finding = await complaintOf(patient);
      deepStrictEqual([finding.level, finding.check, finding.advice], ["fail", check, advice]);
    }
    patient.s3.fault = (request) => s3Error(404, "NoSuchBucket", request);
    const [list] = (await patient.examine()).filter(({ level }) => level === "fail");
    equal(list!.advice, "create it, or pass another one as --bucket");
  }));

Deno.test("doctor puts its object with the settings of the bucket, also if it is there already", () =>
  withPatient(async (patient) => {
    const settings = { storageClass: "ONEZONE_IA", sse: "aws:kms", acl: "private" } as const;
    const openStore = () =>
      openObjectStore(`s3://${BUCKET}`, {
        ...{ region: LOCAL_REGION, endpoint: patient.s3.url, credentials: LOCAL_CREDENTIALS },
        ...settings,
      });
    const settingsIn = (findings: readonly Finding[]) =>
      findings.find(({ check }) => check === "put settings");
    equal(settingsIn(await patient.examine()), undefined);
    const message = "objects can be put with --storage-class, --sse, --acl";
    for (const _ of ["put otherwise", "put alike"]) {
      const found = settingsIn(await patient.examine({ settings, openStore }));
      deepStrictEqual(found, { check: "put settings", level: "ok", message });
    }
    // The server ignores what it does not know.
    patient.s3.buckets.get(BUCKET)!.clear();
    const openPlain = () =>
      openObjectStore(`s3://${BUCKET}`, {
        ...{ region: LOCAL_REGION, endpoint: patient.s3.url, credentials: LOCAL_CREDENTIALS },
      });
    const ignored = await complaintOf(patient, { settings, openStore: openPlain });
    deepStrictEqual([ignored.level, ignored.check], ["warn", "put settings"]);
    match(ignored.message, /ignores --storage-class ONEZONE_IA: objects have STANDARD$/);
    // Only the second put, which has the settings, is refused.
    patient.s3.fault = (request) =>
      request.operation === "PutObject" && !request.request.headers.has("if-none-match")
        ? s3Error(403, "AccessDenied", request)
        : undefined;
    const refused = await complaintOf(patient, { settings, openStore });
    deepStrictEqual([refused.level, refused.check], ["fail", "put settings"]);
    match(
      refused.advice!,
      /^see docs\/permissions\.md for what --storage-class, --sse, --acl need/,
    );
  }));

Deno.test("doctor reports a bucket that ignores If-None-Match, and what that means", () =>
  withPatient(async (patient) => {
    await patient.examine(); // which puts the probe
    patient.s3.fault = ({ operation }) =>
      operation === "PutObject" ? new Response(null, { headers: { etag: '"x"' } }) : undefined;
    const finding = await complaintOf(patient);
    deepStrictEqual([finding.level, finding.check], ["fail", "conditional put"]);
    const verdict = verdictOn([finding]);
    equal(verdict.exactlyOnce, false);
    match(verdict.guarantee, /^not exactly once: the bucket ignores If-None-Match/);
  }));

Deno.test("doctor reports a bucket that rejects If-None-Match, which store can do without", () =>
  withPatient(async (patient) => {
    patient.s3.fault = (request) =>
      request.request.headers.has("if-none-match")
        ? s3Error(501, "NotImplemented", request)
        : undefined;
    const finding = await complaintOf(patient);
    deepStrictEqual([finding.level, finding.check], ["fail", "conditional put"]);
  }));

Deno.test("doctor compares this machine's clock with those of the services", () =>
  withPatient(async (patient) => {
    patient.kinesis.date = new Date(Date.now() - 60_000);
    const ahead = await complaintOf(patient);
    deepStrictEqual([ahead.level, ahead.check], ["warn", "clock"]);
    match(ahead.message, /^this machine's clock is (5[89]|6\d) s ahead of that of Kinesis$/);
    patient.kinesis.date = new Date(Date.now() + 600_000);
    const behind = await complaintOf(patient);
    equal(behind.level, "fail");
    match(behind.message, /^this machine's clock is (59\d|600) s behind that of Kinesis$/);
  }));

Deno.test("doctor reports gaps, open archives and headroom", () =>
  withPatient(async (patient) => {
    await using ledger = await ledgerIn(patient.database);
    const at = (hours: number) => new Date(Date.now() - hours * 3_600_000);
    const start = { type: "trim-horizon" } as const;
    await ledger.addShards([{ shardId: shardId(0), parents: [], start, knownAt: at(150) }]);
    const epoch = (await ledger.acquire(shardId(0), "w1", 60_000))!;
    const range = { shardId: shardId(0), epoch, previous: undefined, last: NUMBER };
    await ledger.intend({ id: "i", key: "20260101/clicks-store-1.tri", ranges: [range] });
    match((await complaintOf(patient)).message, /^in 1[78]\.\d hours the stream drops records/);
    equal(
      (await patient.examine()).find(({ check }) => check === "workers")!.message,
      "1 worker running: w1",
    );
    await ledger.leave("w1");
    const [open] = await patient.complaints();
    equal(
      open,
      "warn open archives: 1 archive started by a worker that is gone, such as " +
        "20260101/clicks-store-1.tri",
    );
    await ledger.cancel("i");
    const lost = {
      ...{ stream: STREAM, shardId: shardId(0), after: NUMBER, until: undefined },
      ...{ reason: "retention", recordedAt: new Date("2026-01-02T03:04:05Z") },
    };
    await ledger.recordGap(lost);
    const [, gap] = await patient.complaints();
    equal(
      gap,
      "warn gaps: 1 recorded gap, the newest retention, noticed 2026-01-02T03:04:05.000Z",
    );
    const id = gapId({ client: "store", ...lost });
    const accepted = { id, description: "a gap", by: "ada", client: "store", stream: STREAM };
    await acceptGap(patient.database, { ...accepted, shardId: shardId(0), client: "other" });
    equal((await patient.complaints())[1], gap);
    await acceptGap(patient.database, { ...accepted, shardId: shardId(0) });
    const checked = (await patient.examine()).find(({ check }) => check === "gaps")!;
    deepStrictEqual([checked.level, checked.message], ["ok", "1 recorded gap, accepted"]);
    patient.kinesis.description = { RetentionPeriodHours: 100 };
    const [late] = await patient.complaints();
    match(late!, /^warn headroom: nothing is known to be archived since 20/);
  }));

Deno.test("doctor reports programs without leases, and too many readers", () =>
  withPatient(async (patient) => {
    const save = async (client: string) => {
      await using checkpointer = await openCheckpointer(patient.database, { client });
      await checkpointer.save(STREAM, new Map([[shardId(0), NUMBER]]));
    };
    await save("store");
    const finding = await complaintOf(patient);
    deepStrictEqual([finding.level, finding.check], ["warn", "leases"]);
    match(verdictOn([finding]).guarantee, /archives as "store" is archived a second time$/);
    for (const client of ["a", "b", "c"]) await save(client);
    const shared = (await patient.examine({ client: "fresh" })).find(({ check }) =>
      check === "consumers"
    );
    deepStrictEqual([shared!.level, shared!.message], [
      "warn",
      "4 other clients in this database: a, b, c, store",
    ]);
  }));

Deno.test("doctor reports a bucket and a database that do not belong together", () =>
  withPatient(async (patient) => {
    const at = new Date().toISOString().replace(/\.\d+/, "");
    const file: FileSpec = { shards: { 0: [undefined, 1, 2] }, at };
    await using store = await openObjectStore(`s3://${BUCKET}`, {
      ...{ region: LOCAL_REGION, endpoint: patient.s3.url, credentials: LOCAL_CREDENTIALS },
    });
    await store.put(keyOf(file), fileOf(file));
    patient.kinesis.description = { RetentionPeriodHours: 168, StreamCreationTimestamp: 1_000 };
    const behind = await complaintOf(patient);
    deepStrictEqual([behind.level, behind.check, behind.message], [
      ...["fail", "archive"],
      "the database is behind the archive in shardId-000000000000",
    ]);
    await using ledger = await ledgerIn(patient.database);
    await ledger.addShards([
      { shardId: shardId(0), parents: [], start: { type: "trim-horizon" } },
    ]);
    const epoch = (await ledger.acquire(shardId(0), "w", 60_000))!;
    const range = { shardId: shardId(0), epoch, previous: undefined, last: NUMBER };
    await ledger.intend({ id: "i", key: "20260101/clicks-store-1.tri", ranges: [range] });
    await ledger.commit("i");
    match(
      (await complaintOf(patient)).message,
      /^"20260101\/clicks-store-1\.tri", which the database knows to be archived, is not in s3:/,
    );
    await ledger.leave("w");
    await ledger.moveStore("s3://elsewhere");
    match(
      (await complaintOf(patient)).message,
      /^the archive of client "store" is in s3:\/\/elsewhere, not in s3:\S+ at http:/,
    );
    await ledger.identify(new Date("2025-01-01T00:00:00Z"));
    const recreated = await complaintOf(patient);
    equal(recreated.level, "fail");
    match(
      recreated.message,
      /^the positions belong to a stream .* created 2025-01-01T00:00:00\.000Z$/,
    );
  }));

Deno.test("doctor reports databases that are in memory, unreachable, or of a newer Triton", () =>
  withPatient(async (patient) => {
    for (const url of ["memory:", "sqlite::memory:"]) {
      const { level, check, weakens } = await complaintOf(patient, { url });
      deepStrictEqual([level, check, typeof weakens], ["fail", "database", "string"]);
    }
    const nowhere = await complaintOf(patient, { url: "sqlite:///no/such/directory/t.db" });
    match(nowhere.message, /unable to open database file/);
    const refused = await complaintOf(patient, { url: "postgres://u:p@127.0.0.1:9/db" });
    equal(refused.advice, "start the server, or pass another one as --checkpoint-db");
    await (await ledgerIn(patient.database))[Symbol.asyncDispose]();
    const file = new DatabaseSync(patient.database.slice("sqlite://".length));
    file.exec("UPDATE triton_schema SET version = 99");
    file.close();
    match((await complaintOf(patient)).message, /a newer Triton has changed its tables/);
  }));

Deno.test("rehearseDatabase() fails if writing is not allowed, and leaves nothing behind", async () => {
  const directory = await Deno.makeTempDir({ prefix: "triton-doctor-" });
  try {
    const path = join(directory, "triton.db");
    await rehearseDatabase(`sqlite://${path}`);
    equal(existsSync(path), false);
    new DatabaseSync(path).close();
    await rehearseDatabase(`sqlite://${path}`);
    const database = new DatabaseSync(path, { readOnly: true });
    const tables = database.prepare("SELECT name FROM sqlite_master").all();
    deepStrictEqual(tables, []);
    const facts = await inspectDatabase(database, { client: "store", stream: STREAM });
    deepStrictEqual([facts.open, facts.newestFiles, facts.isNew], [[], [], false]);
    let code: unknown;
    await rehearseDatabase(database).catch((error) => code = error.code);
    equal(code, "SQLITE_READONLY");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("doctor reports a PostgreSQL role without rights, and accepts one with them", async () => {
  await using server = await startPostgres();
  await withPatient(async (patient) => {
    const url = await server.createDatabase();
    const weak = new URL(url);
    [weak.username, weak.password] = ["weak", "secret"];
    await query(
      url,
      "CREATE ROLE weak LOGIN PASSWORD 'secret'",
      "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    );
    const complaints = () => patient.complaints({ url: weak.href });
    const failures = async () => (await complaints()).filter((line) => line.startsWith("fail"));
    const [noSchema] = await failures();
    match(noSchema!, /^fail database rights: .* permission denied for schema public$/);
    await (await ledgerIn(url))[Symbol.asyncDispose]();
    await query(url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO weak");
    const [noWrites] = await failures();
    match(noWrites!, /^fail database rights: .* permission denied for table triton_checkpoint$/);
    await query(url, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM weak");
    const document = await Deno.readTextFile(
      new URL("../../../../docs/permissions.md", import.meta.url),
    );
    const [, grants] = /```sql\n(.*?)```/s.exec(document)!;
    await query(url, grants!.replaceAll("archiver", "weak"));
    deepStrictEqual(await failures(), []);
    deepStrictEqual(await complaints(), ["warn database durability: fsync is off"]);
    await query(url, "GRANT CREATE ON SCHEMA public TO PUBLIC");
    deepStrictEqual(
      (await complaints())[1],
      "warn database owners: these could run code as this " +
        'user: public (CREATE on schema "public")',
    );
    await query(url, "CREATE ROLE mallory", "ALTER TABLE triton_gap OWNER TO mallory");
    match(
      (await failures())[0]!,
      /^fail database: .* table "triton_gap" belongs to role "mallory"/,
    );
    await query(url, "ALTER TABLE triton_gap OWNER TO triton");
    const clock = { ...systemClock, now: () => Date.now() - 60_000 };
    const late = await patient.complaints({ url: weak.href, clock });
    const [skew] = late.filter((line) => line.startsWith("warn database clock"));
    match(skew!, /: this machine's clock is (59|60) s behind the database's$/);
    weak.password = "wrong";
    equal((await failures()).length, 1);
    const rows = await query(url, "SELECT * FROM triton_worker");
    deepStrictEqual(rows, []);
  });
});

Deno.test("doctor reports file systems that are unsafe for SQLite, and full disks", () => {
  const look = (type: number, bavail = 1e6) => {
    const findings = new Findings();
    checkFileSystem("/data/t.db", findings, () => ({ type, bavail, bsize: 4096 }));
    return findings.list.map(({ level, check }) => `${level} ${check}`);
  };
  deepStrictEqual(look(0xef53), ["ok file system"]);
  deepStrictEqual(look(0x6969), ["fail file system"]);
  deepStrictEqual(look(-11317950), ["fail file system"]); // CIFS, as a signed number
  deepStrictEqual(look(0xef53, 100), ["ok file system", "warn disk space"]);
  const findings = new Findings();
  checkFileSystem("/no/such/directory/t.db", findings);
  equal(findings.list[0]!.level, "warn");
});

Deno.test("triton doctor prints findings, advice and the guarantee, and exits with 1 if it is not safe", async () => {
  await using pipeline = await startPipeline();
  const args = ["doctor", "--stream", "clicks"];
  const { code, stdout, stderr } = await pipeline.run(args);
  deepStrictEqual([code, stderr], [0, ""]);
  match(stdout, /^ok {4}stream {9,}clicks_prod is ACTIVE, created 20\d\d-/);
  match(
    stdout,
    /\nwarn {2}retention {6,}records are kept for 24 hours.*\n +-> aws kinesis increase/,
  );
  match(stdout, /\n\nGuarantee: exactly once: .*\.\n$/);
  pipeline.s3.fault = (request) =>
    request.operation === "PutObject" ? s3Error(403, "AccessDenied", request) : undefined;
  const bad = await pipeline.run([...args, "--json"]);
  deepStrictEqual([bad.code, bad.stderr], [1, "triton: Not safe to run triton store: put\n"]);
  const report = JSON.parse(bad.stdout);
  deepStrictEqual([report.safe, report.exactlyOnce, report.stream], [false, false, "clicks_prod"]);
  equal(report.findings.find(({ level }: Finding) => level === "fail").check, "put");
});

Deno.test("formatFindings() keeps to the width of a terminal", () => {
  const findings = new Findings();
  findings.ok("stream", "seems to be there, and to have all that is needed of it");
  const text = formatFindings(findings.list, verdictOn(findings.list), colorsOf(false), 40);
  deepStrictEqual(text.split("\n").slice(0, 3), [
    "ok    stream  seems to be there, and to",
    "              have all that is needed of",
    "              it",
  ]);
  ok(text.split("\n").every((line) => line.length <= 40), text);
});

Deno.test("formatFindings() paints levels for a terminal", () => {
  const findings = new Findings();
  findings.warn("retention", "short", { advice: "longer" });
  const verdict = verdictOn(findings.list);
  const text = formatFindings(findings.list, verdict, colorsOf(true));
  const lines = ["\x1b[33mwarn\x1b[0m  retention  short", `${" ".repeat(17)}-> longer`, ""];
  deepStrictEqual(text.split("\n").slice(0, 3), lines);
});
