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

/** A value, and where its type is, such as `"kubernetes-models/v1".ISecret`. */
export interface TypedValue {
  readonly type: `"${string}".${string}`;
  readonly value: unknown;
}

/**
 * Checks values as Deno checks literals of their types: no field may be missing, wrong or unknown.
 *
 * @returns What is wrong; empty if nothing is.
 */
export async function checkLiterals(values: readonly TypedValue[]): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const code = values.map(({ type, value }, index) => {
      const [module, name] = type.split(/(?<=")\./);
      return `import type { ${name} as Type${index} } from ${module};\n` +
        `export const value${index}: Type${index} = ${JSON.stringify(value, null, 2)};\n`;
    });
    await Deno.writeTextFile(file, code.join(""));
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", config, file],
      env: { NO_COLOR: "1" },
    }).output();
    return success ? "" : new TextDecoder().decode(stderr);
  } finally {
    await Deno.remove(file);
  }
}
