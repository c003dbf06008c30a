/**
 * Checks metrics with Prometheus' promtool.
 *
 * @module
 */

/**
 * Returns the output of `promtool check metrics`.
 *
 * @returns Undefined, after a warning, if it is not installed.
 */
export async function checkWithPromtool(
  text: string,
): Promise<{ readonly code: number; readonly said: string } | undefined> {
  try {
    const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    const child = new Deno.Command("promtool", { args: ["check", "metrics"], ...pipes }).spawn();
    await new Response(text).body!.pipeTo(child.stdin);
    const { code, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    return { code, said: decoder.decode(stdout) + decoder.decode(stderr) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error("WARNING: no promtool here (Debian: prometheus): it did not check the metrics");
    return undefined;
  }
}
