import { deepStrictEqual, equal } from "node:assert/strict";

Deno.test(
  "DirectoryObjectStore.put() has one winner among processes",
  async () => {
    const path = await Deno.makeTempDir();
    const code = `
      import { DirectoryObjectStore } from "${new URL(
      "../../../src/objects/mod.ts",
      import.meta.url,
    )}";
      const store = new DirectoryObjectStore(Deno.args[0]);
      await Deno.stdin.read(new Uint8Array(1)); // all begin together
      const won = [];
      for (let i = 0; i < 50; i++) {
        const body = new TextEncoder().encode(Deno.args[1].repeat(1000));
        if (await store.put("race/" + i, body, { ifAbsent: true }) === "created") won.push(i);
      }
      console.log(JSON.stringify(won));
    `;
    const script = `${path}/racer.ts`;
    Deno.writeTextFileSync(script, code);
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const racers = ["a", "b"].map((name) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "-q", "--config", config, script, `${path}/store`, name],
        stdin: "piped",
        stdout: "piped",
      }).spawn()
    );
    for (const racer of racers) {
      const writer = racer.stdin.getWriter();
      await writer.write(Uint8Array.of(10));
      await writer.close();
    }
    const wins: number[][] = [];
    for (const racer of racers) {
      wins.push(JSON.parse(new TextDecoder().decode((await racer.output()).stdout)));
    }
    deepStrictEqual(wins.flat().sort((a, b) => a - b), Array.from({ length: 50 }, (_, i) => i));
    for (const [racer, won] of wins.entries()) {
      for (const i of won) {
        const text = Deno.readTextFileSync(`${path}/store/race/${i}`);
        equal(text, "ab"[racer]!.repeat(1000));
      }
    }
    await Deno.remove(path, { recursive: true });
  },
);

Deno.test("DirectoryObjectStore needs to read and write its own directory alone", async () => {
  const path = await Deno.makeTempDir();
  Deno.mkdirSync(`${path}/root`);
  const code = `
    import { DirectoryObjectStore } from "${new URL(
    "../../../src/objects/directory/directory_object_store.ts",
    import.meta.url,
  )}";
    const store = new DirectoryObjectStore("${path}/root");
    for (const ifAbsent of [true, false]) {
      console.log(await store.put("day/" + ifAbsent, new Uint8Array(3), { ifAbsent }));
    }
    for await (const { key } of store.list("")) console.log(key, (await store.get(key)).size);
  `;
  Deno.writeTextFileSync(`${path}/use.ts`, code);
  const allowed = [`--allow-read=${path}/root`, `--allow-write=${path}/root`, "--no-prompt"];
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--config", config, ...allowed, `${path}/use.ts`],
    stderr: "inherit",
  }).output();
  equal(new TextDecoder().decode(stdout), "created\ncreated\nday/false 3\nday/true 3\n");
  await Deno.remove(path, { recursive: true });
});
