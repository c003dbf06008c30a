/**
 * A proxy in front of a local Kinesis, which rejects, changes or delays requests on demand.
 *
 * @module
 */

/** The action of a request, such as `"GetRecords"`. */
export type KinesisAction = string;

/** A running proxy; its behaviour can be changed at any time. */
export interface KinesisProxy extends AsyncDisposable {
  /** The endpoint for clients. */
  readonly url: string;
  /** The requests so far. */
  readonly actions: Set<KinesisAction>;
  /** Errors instead of responses, by action: the service's code for each. */
  readonly refusals: Map<KinesisAction, string>;
  /** Fields to set in the description of the stream. */
  description: Readonly<Record<string, unknown>>;
  /** The time in responses. Default: that of the machine. */
  date: Date | undefined;
  /** Bytes of white space after each GetRecords response, to simulate a backlog. Default: 0. */
  space: number;
}

/** Starts a proxy on a free port of 127.0.0.1. */
export function startKinesisProxy(target: string): KinesisProxy {
  const handle = async (request: Request): Promise<Response> => {
    const action = request.headers.get("x-amz-target")?.split(".").at(-1) ?? "";
    const body = await request.arrayBuffer().catch(() => undefined);
    if (body === undefined) return new Response(null, { status: 400 }); // the client is gone
    proxy.actions.add(action);
    const refusal = proxy.refusals.get(action);
    if (refusal !== undefined) return dated(refuse(refusal, action), proxy);
    const { method, headers } = request;
    const answer = await fetch(target, { method, headers, body });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return dated(
      new Response(change(bytes, action, proxy), {
        status: answer.status,
        headers: { "content-type": answer.headers.get("content-type") ?? "" },
      }),
      proxy,
    );
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handle);
  const proxy: KinesisProxy = {
    url: `http://127.0.0.1:${server.addr.port}`,
    actions: new Set(),
    refusals: new Map(),
    description: {},
    date: undefined,
    space: 0,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return proxy;
}

function refuse(code: string, action: string): Response {
  const message = code === "AccessDeniedException"
    ? `User: arn:aws:iam::1:user/x is not authorized to perform: kinesis:${action}`
    : `${action} was refused`;
  return Response.json({ __type: code, message }, {
    status: 400,
    headers: { "content-type": "application/x-amz-json-1.1" },
  });
}

function change(
  bytes: Uint8Array<ArrayBuffer>,
  action: KinesisAction,
  proxy: KinesisProxy,
): BodyInit {
  if (action === "DescribeStreamSummary") return describe(bytes, proxy);
  if (action !== "GetRecords" || proxy.space === 0) return bytes;
  return new Blob([bytes, new Uint8Array(proxy.space).fill(0x20)]);
}

function describe(bytes: Uint8Array<ArrayBuffer>, { description }: KinesisProxy): BodyInit {
  if (Object.keys(description).length === 0) return bytes;
  const { StreamDescriptionSummary } = JSON.parse(new TextDecoder().decode(bytes));
  return JSON.stringify({
    StreamDescriptionSummary: { ...StreamDescriptionSummary, ...description },
  });
}

function dated(response: Response, { date }: KinesisProxy): Response {
  if (date !== undefined) response.headers.set("date", date.toUTCString());
  return response;
}
