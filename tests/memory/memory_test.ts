import { ok } from "node:assert/strict";
import { type MemoryCase, peakOf } from "./store_peak.ts";

/** A case, and the bound that it has to keep. */
interface BoundedCase extends MemoryCase {
  /** Resident memory in addition to `--max-memory`, in MB. */
  readonly besideMb: number;
}

const MIB_MB = 2 ** 20 / 1e6;

const ANY = { cuts: 0, isEvent: true, maxMemoryMib: 32, groupMib: 512 };
/** Up to 60 shards, records of up to 1 MB. */
const USUAL = { ...ANY, besideMb: 160 };
/** More shards, larger records, nothing but quarantine, or less memory for large records of streams. */
const EXTREME = { ...ANY, besideMb: 180 };

/** Everything at once; 512 MiB are promised here, and this notices what grows before that is reached. */
const TOGETHER = { ...ANY, besideMb: 200 };

const LARGE = { recordBytes: 900_000, records: 10 };
const LARGEST = { recordBytes: 1_000_000, records: 10 };
const MEDIUM = { recordBytes: 100_000, records: 80 };
const SMALL = { recordBytes: 454, records: 10_000 };

/** Streams that all have backlogs; with this memory, 1 MiB for each. */
const MANY = { streams: 30, shards: 2, files: 90 };

/** The bounds of docs/running.md. */
const CASES: Readonly<Record<string, BoundedCase>> = {
  "30 shards, 900 KB": { ...USUAL, ...LARGE, shards: 30, files: 12 },
  "60 shards, 1 MB, cut": { ...USUAL, ...LARGEST, shards: 60, cuts: 0.3, files: 12 },
  "60 shards, 1 MB, cut, S3 stalls": {
    ...{ ...USUAL, ...LARGEST, shards: 60, cuts: 0.3, files: 4 },
    isStalled: true,
  },
  "4 shards, 454 B": { ...USUAL, ...SMALL, shards: 4, groupMib: 256, files: 3 },
  "4 shards, 8 KB": {
    ...{ ...USUAL, recordBytes: 8_000, records: 1_000 },
    ...{ shards: 4, groupMib: 256, files: 12 },
  },
  "30 streams, 100 KB": { ...USUAL, ...MANY, ...MEDIUM },
  "30 streams, 100 KB, a bucket is down": { ...USUAL, ...MANY, ...MEDIUM, isBucketDown: true },
  "30 streams, 900 KB, default": { ...USUAL, ...MANY, ...LARGE, maxMemoryMib: 96 },
  "30 streams, 900 KB": { ...EXTREME, ...MANY, ...LARGE },
  "256 shards, 454 B": { ...EXTREME, ...SMALL, shards: 256, files: 2 },
  "records of 10 MB": { ...EXTREME, recordBytes: 1e7, records: 1, shards: 8, files: 8 },
  "900 KB, all quarantined": { ...EXTREME, ...LARGE, shards: 30, isEvent: false, files: 12 },
  "454 B, all quarantined": { ...EXTREME, ...SMALL, shards: 30, isEvent: false, files: 8 },
  "256 shards, 900 KB, S3 stalls, default": {
    ...{ ...TOGETHER, ...LARGE, shards: 256, maxMemoryMib: 96 },
    ...{ isStalled: true, files: 3 },
  },
};

Deno.test({
  name: "triton store keeps its memory below --max-memory and 160 MB, or 180 MB in extreme cases",
  ignore: Deno.build.os !== "linux",
  async fn(test) {
    for (const [name, options] of Object.entries(CASES)) {
      await test.step(name, async () => {
        const peak = await peakOf(options);
        const limit = options.maxMemoryMib * MIB_MB + options.besideMb;
        ok(peak < limit, `${Math.round(peak)} MB, over ${Math.round(limit)} MB`);
      });
    }
  },
});
