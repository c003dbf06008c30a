import type { Observation } from "../../telemetry/instruments.ts";
import type { PartDetails } from "./part_watch.ts";

/** The gauges of a reader. */
export function readerGauges(
  { lagMs, shards = [], bufferedBytes = 0 }: PartDetails,
): Observation[] {
  const lags = shards.filter(({ lagMs }) => lagMs !== undefined);
  return [
    { name: "triton.reader.shards", value: shards.length },
    { name: "triton.reader.buffered", value: bufferedBytes },
    ...lagMs === undefined ? [] : [{ name: "triton.reader.lag", value: lagMs / 1000 } as const],
    ...lags.map(({ shardId: shard, lagMs }) => ({
      ...{ name: "triton.reader.shard.lag", value: lagMs! / 1000 } as const,
      attributes: { shard },
    })),
  ];
}
