import { deepStrictEqual, equal } from "node:assert/strict";
import type { Clock } from "../../src/base/clock.ts";
import {
  type GetRecordsOptions,
  MemoryKinesis,
  type MemoryKinesisOptions,
  type RecordBatch,
} from "../../src/kinesis/mod.ts";
import { Fixture } from "./archiver_fixture.ts";

/** A service that counts the requests for records that it has not answered yet; each takes a while. */
class SlowKinesis extends MemoryKinesis {
  inFlight = 0;
  most = 0;
  readonly #clock: Clock;

  constructor(options: MemoryKinesisOptions = {}) {
    super(options);
    this.#clock = options.clock!;
  }

  override async getRecords(
    iterator: string,
    options: GetRecordsOptions = {},
  ): Promise<RecordBatch> {
    this.most = Math.max(this.most, ++this.inFlight);
    try {
      await this.#clock.sleep(100);
      return await super.getRecords(iterator, options);
    } finally {
      this.inFlight--;
    }
  }
}

Deno.test("Archiver has 8 requests for records in flight, however many shards it reads", async () => {
  const fixture = new Fixture(30, SlowKinesis);
  await fixture.put(300, 100);
  const worker = fixture.start();
  await fixture.clock.advance(20_000);
  await worker.stop(50);
  equal((fixture.kinesis as SlowKinesis).most, 8);
  deepStrictEqual(await fixture.archived(), fixture.expected);
});
