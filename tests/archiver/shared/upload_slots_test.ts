import { deepEqual, equal, rejects } from "node:assert/strict";
import { UploadSlots } from "../../../src/archiver/shared/upload_slots.ts";

/** Attempts that run until they are told how they end. */
class Attempts {
  readonly started: string[] = [];
  readonly #ends = new Map<string, PromiseWithResolvers<void>>();
  readonly #slots: UploadSlots;

  constructor(slots: UploadSlots) {
    this.#slots = slots;
  }

  /** Begins an upload; its name is its store and when its file was opened, such as `a3`. */
  begin(name: string): Promise<void> {
    const upload = { store: name[0]!, openedAt: Number(name.slice(1)) };
    const done = this.#slots.during(upload, () => {
      this.started.push(name);
      const end = Promise.withResolvers<void>();
      this.#ends.set(name, end);
      return end.promise;
    });
    done.catch(() => {});
    return done;
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)!.resolve();
    await settled();
  }

  async fail(name: string): Promise<void> {
    this.#ends.get(name)!.reject(new Error(name));
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

Deno.test("UploadSlots runs four attempts at once, then the oldest file's", async () => {
  const attempts = new Attempts(new UploadSlots());
  for (const name of ["a1", "b2", "c3", "d4", "e9", "f7", "a8"]) attempts.begin(name);
  await settled();
  deepEqual(attempts.started, ["a1", "b2", "c3", "d4"]);
  await attempts.end("c3");
  await attempts.end("a1");
  deepEqual(attempts.started.slice(4), ["f7", "a8"]);
});

Deno.test("UploadSlots has two slots at most for a store whose last attempt failed", async () => {
  const slots = new UploadSlots();
  const attempts = new Attempts(slots);
  for (const name of ["a1", "a2", "a3", "a4", "a5", "a6", "b9"]) attempts.begin(name);
  await settled();
  await attempts.fail("a1");
  deepEqual(attempts.started, ["a1", "a2", "a3", "a4", "b9"], "three of it are running");
  await attempts.fail("a2");
  await attempts.fail("a3");
  deepEqual(attempts.started.slice(5), ["a5"], "a second one");
  deepEqual([slots.running, slots.waiting], [3, 1]);
  await attempts.end("a5");
  deepEqual(attempts.started.slice(6), ["a6"]);
  for (const name of ["a7", "a8", "a9"]) attempts.begin(name);
  await settled();
  deepEqual(attempts.started.slice(7), ["a7"], "it works again; b9, a4, a6 and a7 have the slots");
});

Deno.test("UploadSlots tells those that wait for a store that fails, and no others", async () => {
  const slots = new UploadSlots(2);
  const delayed: number[] = [];
  const begin = (store: string, openedAt: number, attempt: () => Promise<void>) =>
    slots.during({ store, openedAt, onDelay: () => delayed.push(openedAt) }, attempt);
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const failed = rejects(begin("a", 1, () => first.promise));
  const all = [begin("a", 2, () => second.promise)];
  all.push(begin("a", 3, () => Promise.resolve()), begin("a", 4, () => second.promise));
  all.push(begin("b", 5, () => second.promise));
  await settled();
  deepEqual(delayed, []);
  first.reject(new Error("down"));
  await failed;
  deepEqual(delayed, [3, 4]);
  second.resolve();
  await Promise.all(all);
  deepEqual(delayed, [3, 4]);
});

Deno.test("UploadSlots.during() passes on what an attempt returns and throws", async () => {
  const slots = new UploadSlots();
  const upload = { store: "a", openedAt: 1 };
  equal(await slots.during(upload, () => Promise.resolve("created")), "created");
  const fail = () => slots.during(upload, () => Promise.reject(new Error("no")));
  for (let turn = 0; turn < 5; turn++) await rejects(fail(), { message: "no" });
  deepEqual([slots.running, slots.waiting], [0, 0]);
});
