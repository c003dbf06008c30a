/**
 * An OpenTelemetry collector that only keeps the last values.
 *
 * @module
 */

/** One received value. */
export interface ReceivedPoint {
  /** The value; for a histogram, its count. */
  readonly value: number;
  /** Attributes of the value. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Name of the service that sent it. */
  readonly service: string | undefined;
  /** The request's `authorization`. */
  readonly authorization: string | null;
}

/** A running collector. */
export interface OtlpReceiver extends AsyncDisposable {
  /** The endpoint for clients. */
  readonly url: string;
  /** The last values of each metric of the scope `triton`, by its name. */
  readonly metrics: ReadonlyMap<string, readonly ReceivedPoint[]>;
}

/** Attributes in OTLP. */
type Pairs = readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];

/** Starts a collector on a free port; it accepts only JSON. */
export function startOtlpReceiver(): OtlpReceiver {
  const metrics = new Map<string, ReceivedPoint[]>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    if (new URL(request.url).pathname !== "/v1/metrics") return new Response("{}");
    const { resourceMetrics } = await request.json();
    for (const { resource, scopeMetrics } of resourceMetrics) {
      const { "service.name": service } = toRecord(resource.attributes);
      for (const { scope, metrics: received } of scopeMetrics) {
        if (scope.name !== "triton") continue;
        for (const { name, sum, gauge, histogram } of received) {
          // deno-lint-ignore no-explicit-any
          const points = (sum ?? gauge ?? histogram).dataPoints.map((point: any) => ({
            value: Number(point.asDouble ?? point.asInt ?? point.count),
            attributes: toRecord(point.attributes),
            service,
            authorization: request.headers.get("authorization"),
          }));
          metrics.set(name, points);
        }
      }
    }
    return Response.json({});
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return { url, metrics, [Symbol.asyncDispose]: () => server.shutdown() };
}

function toRecord(pairs: Pairs): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value.stringValue ?? ""]));
}
