import {
  type CompletedCommand,
  type CompletedOption,
  type Completion,
  everyCommand,
  flagsWithValue,
} from "./model.ts";

/** A completion script for fish. */
export function fishCompletions(program: CompletedCommand): string {
  const commands = [...everyCommand(program)];
  return `\
# fish completion for triton; to load it: triton completions fish | source

# Whether the command typed so far is this one.
function __triton_at
    set -l at ""
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case ${flagsWithValue(program).join(" ")}
                set skip 1
                continue
        end
        switch "$at $word"
${commands.flatMap(casesOf).join("\n")}
        end
    end
    test "$at" = "$argv"
end

function __triton_streams
    set -l words (commandline -opc)
    set -l config
    if set -l at (contains -i -- --config $words)
        set config --config $words[(math $at + 1)]
    end
    $words[1] completions --streams $config 2>/dev/null
end

complete -c triton -f
${commands.flatMap(linesOf).join("\n")}
`;
}

function casesOf({ path, commands }: CompletedCommand): string[] {
  return commands.map((child) => {
    const typed = child.names.map((name) => quoted(`${path} ${name}`)).join(" ");
    return `            case ${typed}\n                set at ${quoted(child.path)}`;
  });
}

function linesOf({ path, options, commands, argument }: CompletedCommand): string[] {
  const begin = `complete -c triton -n ${quoted(`__triton_at ${path}`.trim())}`;
  return [
    ...commands.map(({ names, summary }) => `${begin} -a ${names[0]} -d ${quoted(summary)}`),
    ...options.map((option) => `${begin} ${optionOf(option)}`),
    ...argument === undefined || argument.type === "anything"
      ? []
      : [`${begin} ${valueOf(argument)}`],
  ];
}

function optionOf({ flags, summary, value, optional }: CompletedOption): string {
  const names = flags.map((flag) =>
    flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`
  );
  const rest = value === undefined || optional ? "" : ` -r ${valueOf(value)}`;
  return `${names.join(" ")} -d ${quoted(summary)}${rest}`;
}

function valueOf({ type, words = [] }: Completion): string {
  return {
    words: `-f -a ${quoted(words.join(" "))}`,
    streams: "-f -a '(__triton_streams)'",
    files: "-F",
    anything: "-f",
  }[type];
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
