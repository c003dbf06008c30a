/**
 * Programs of the machine that check files for deployment, where they are installed.
 *
 * @module
 */

/** What a program said. */
export interface ToolAnswer {
  /** Whether it exited with 0. */
  readonly ok: boolean;
  /** All it printed. */
  readonly text: string;
}

/** Runs a program; says loudly that its checks were left out, and gives nothing, if there is none. */
export async function runTool(
  program: string,
  args: readonly string[],
): Promise<ToolAnswer | undefined> {
  try {
    const command = new Deno.Command(program, { args: [...args], stdin: "null" });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return { ok: success, text: decoder.decode(stdout) + decoder.decode(stderr) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.warn(`WARNING: no ${program} here: it did not check examples/deploy`);
    return undefined;
  }
}
