/**
 * A systemd of its own: this machine's, booted in a container over a copy of its files.
 *
 * Mounts and the network are to be the caller's own, as `start_unit.sh` sees to.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { dirname } from "node:path";

/** A file of the container. */
export interface PlacedFile {
  readonly path: string;
  readonly text: string;
  /** 0644 unless given. */
  readonly mode?: number;
}

/** How to boot. */
export interface BootOptions {
  /** Files of the container, in directories that are made where they are missing. */
  readonly files: readonly PlacedFile[];
  /** Files of this machine by where the container shall see them; they cannot be written there. */
  readonly binds: Readonly<Record<string, string>>;
}

/** A running systemd; it ends when it is disposed. */
export class BootedSystemd implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #leader: number;

  private constructor(stack: AsyncDisposableStack, leader: number) {
    this.#stack = stack;
    this.#leader = leader;
  }

  /** Boots, and returns once systemd takes orders. */
  static async boot({ files, binds }: BootOptions): Promise<BootedSystemd> {
    await using stack = new AsyncDisposableStack();
    const root = await mountCopy(stack);
    // An empty one is filled in at the boot.
    for (const file of [...files, { path: "/etc/machine-id", text: "" }]) await place(root, file);
    const child = new Deno.Command("systemd-nspawn", {
      args: [
        ...["--quiet", "--register=no", "--keep-unit", "--console=pipe", `--directory=${root}`],
        ...Object.entries(binds).map(([to, from]) => `--bind-ro=${from}:${to}`),
        // Nothing of what this machine would start at its boot.
        ...["--boot", "--", "--unit=sysinit.target", "--log-target=journal", "--show-status=no"],
      ],
      ...{ stdin: "null", stdout: "null", stderr: "inherit" },
    }).spawn();
    stack.defer(async () => {
      child.kill("SIGTERM"); // shuts the container down
      await child.status;
    });
    const booted = new BootedSystemd(stack.move(), await leaderOf(child.pid));
    await booted.until(
      "it takes orders",
      async () => (await booted.run("systemctl", "list-units", "--no-legend")).code === 0,
    );
    return booted;
  }

  /** Runs a program of the container in it. */
  async run(
    ...command: readonly string[]
  ): Promise<{ readonly code: number; readonly text: string }> {
    const { code, stdout, stderr } = await new Deno.Command("nsenter", {
      args: [
        ...["--target", `${this.#leader}`, "--mount", "--uts", "--ipc", "--pid", "--cgroup"],
        ...["--root", "--wd", "--", ...command],
      ],
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
  }

  /** Runs `systemctl`, which must succeed. */
  async systemctl(...args: readonly string[]): Promise<void> {
    const { code, text } = await this.run("systemctl", ...args);
    ok(code === 0, `systemctl ${args.join(" ")}: ${text}`);
  }

  /** A property of a unit, such as `NRestarts`. */
  async show(unit: string, property: string): Promise<string> {
    return (await this.run("systemctl", "show", "--value", `--property=${property}`, unit)).text
      .trim();
  }

  /** What a unit wrote to the journal. */
  async journal(unit: string): Promise<string> {
    return (await this.run("journalctl", "--no-pager", "--output=cat", `--unit=${unit}`)).text;
  }

  /** Looks until something is so: for 60 seconds, after which it throws with the journal's end. */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!await isSo()) {
      if (Date.now() > deadline) {
        const { text } = await this.run("journalctl", "--no-pager", "--output=cat", "--lines=40");
        throw new Error(`still waiting: ${what}\n${text}`);
      }
      await pause();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Mounts what can be written over this machine's files, which stay as they are. */
async function mountCopy(stack: AsyncDisposableStack): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "triton-systemd-" });
  stack.defer(() => Deno.remove(directory));
  await mount(stack, directory, "-t", "tmpfs", "tmpfs");
  for (const name of ["root", "upper", "work"]) await Deno.mkdir(`${directory}/${name}`);
  const layers = `lowerdir=/,upperdir=${directory}/upper,workdir=${directory}/work`;
  await mount(stack, `${directory}/root`, "-t", "overlay", "-o", layers, "overlay");
  return `${directory}/root`;
}

async function mount(stack: AsyncDisposableStack, at: string, ...args: string[]): Promise<void> {
  await command("mount", ...args, at);
  stack.defer(() => command("umount", "--lazy", at));
}

async function command(program: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  ok(success, `${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

async function place(root: string, { path, text, mode = 0o644 }: PlacedFile): Promise<void> {
  await Deno.mkdir(dirname(`${root}${path}`), { recursive: true });
  await Deno.writeTextFile(`${root}${path}`, text);
  await Deno.chmod(`${root}${path}`, mode);
}

/** The process that is number 1 in the container. */
async function leaderOf(pid: number): Promise<number> {
  const children = `/proc/${pid}/task/${pid}/children`;
  for (let looks = 0; looks < 600; looks++) {
    for (const child of (await Deno.readTextFile(children)).split(" ").filter(Boolean)) {
      const comm = await Deno.readTextFile(`/proc/${child}/comm`).catch(() => "");
      if (comm.trim() === "systemd") return Number(child);
    }
    await pause();
  }
  throw new Error("Cannot boot systemd: systemd-nspawn said why");
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
