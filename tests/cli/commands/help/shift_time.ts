/**
 * Makes this process live on 2026-09-01, the day of the examples, from noon on: import it first.
 *
 * @module
 */

const RealDate = Date;

/** How far the time of this process is from the real one, in milliseconds; may be advanced. */
export const shift = { ms: RealDate.UTC(2026, 8, 1, 12) - RealDate.now() };

/** `Date` in the time of this process. */
class ShiftedDate extends RealDate {
  constructor(...args: [] | [number]) {
    super(...(args.length === 0 ? [ShiftedDate.now()] : args) as [number]);
  }

  static override now(): number {
    return RealDate.now() + shift.ms;
  }
}

globalThis.Date = ShiftedDate as unknown as DateConstructor;

const realFetch = globalThis.fetch;

/** `fetch` from servers that live in the time of this process: Triton takes theirs for the time. */
globalThis.fetch = async (input, init) => {
  const { body, status, headers } = await realFetch(input, init);
  const shifted = new Headers(headers);
  if (headers.has("date")) shifted.set("date", new Date().toUTCString());
  return new Response(body, { status, headers: shifted });
};
