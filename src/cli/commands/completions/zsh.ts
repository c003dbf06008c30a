import {
  type CompletedCommand,
  type CompletedOption,
  type Completion,
  everyCommand,
} from "./model.ts";

/** A completion script for zsh. */
export function zshCompletions(program: CompletedCommand): string {
  return `\
#compdef triton
# zsh completion for triton; to load it: source <(triton completions zsh)

_triton_streams() {
  local -a streams config
  local at=\${words[(I)--config]}
  (( at )) && config=(--config "\${(Q)words[at+1]}")
  streams=(\${(f)"$(_call_program streams $_triton_program completions --streams $config 2>/dev/null)"})
  compadd -a streams
}

${[...everyCommand(program)].map(functionOf).join("\n")}
_triton_main() {
  local _triton_program=\${words[1]}
  _triton "$@"
}

if [[ $funcstack[1] == _triton ]]; then
  _triton_main "$@"
else
  compdef _triton_main triton
fi
`;
}

function functionOf(command: CompletedCommand): string {
  const { options, commands, argument } = command;
  const specs = options.map(specOf);
  if (commands.length === 0) {
    const rest = argument === undefined ? [] : [`'*: :${actionOf(argument)}'`];
    return `${nameOf(command)}() {
  _arguments ${[...specs, ...rest].join(" \\\n    ")}
}
`;
  }
  const described = commands.flatMap(({ names, summary }) =>
    names.slice(0, 1).map((name) => quoted(`${name}:${summary}`))
  );
  const cases = commands.map((child) => `        ${child.names.join("|")}) ${nameOf(child)} ;;`);
  return `${nameOf(command)}() {
  local curcontext=$curcontext context state line
  typeset -A opt_args
  _arguments -C ${[...specs, "'1: :->command'", "'*:: :->arguments'"].join(" \\\n    ")}
  case $state in
    command)
      local -a commands=(${described.join(" ")})
      _describe command commands ;;
    arguments)
      case \${words[1]} in
${cases.join("\n")}
      esac ;;
  esac
}
`;
}

function nameOf({ path }: CompletedCommand): string {
  return ["_triton", ...path.split(" ").filter((name) => name !== "")].join("_");
}

function specOf({ flags, summary, value, optional }: CompletedOption): string {
  const excluded = flags.length > 1 ? `(${flags.join(" ")})` : "";
  const names = flags.length > 1 ? `{${flags.join(",")}}` : flags[0]!;
  const text = `[${summary.replaceAll(/[[\]]/g, "\\$&").replaceAll(":", "\\:")}]`;
  const action = value === undefined
    ? ""
    : `${optional ? "::" : ":"}${value.type}:${actionOf(value)}`;
  return `${excluded === "" ? "" : quoted(excluded)}${names}${quoted(`${text}${action}`)}`;
}

function actionOf({ type, words = [] }: Completion): string {
  return {
    words: `(${words.join(" ")})`,
    streams: "_triton_streams",
    files: "_files",
    anything: " ",
  }[type];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
