import { type CompletedCommand, type Completion, everyCommand, flagsWithValue } from "./model.ts";

/** A completion script for bash 3.2 and newer. */
export function bashCompletions(program: CompletedCommand): string {
  const commands = [...everyCommand(program)];
  return `\
# bash completion for triton; to load it: source <(triton completions bash)

_triton_streams() {
  "\${COMP_WORDS[0]}" completions --streams \${1:+--config "$1"} 2>/dev/null
}

# Adds the lines of standard input that start with the typed text.
_triton_reply() {
  local line
  while IFS= read -r line; do
    [[ $line == "$cur"* ]] || continue
    line=$(printf '%q' "$line")
    COMPREPLY+=("\${line#"$drop"}")
  done
}

_triton_files() {
  compopt -o filenames 2>/dev/null
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$cur"))
  COMPREPLY=("\${COMPREPLY[@]#"$drop"}")
}

# bash splits words at : and = (COMP_WORDBREAKS), and replaces only the last part. This joins parts
# that have no space between them; "drop" is the text before the part that is replaced.
_triton_words() {
  local line=$COMP_LINE i word
  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((i > 0)) && [[ $line != [[:space:]]* && $line == "$word"* ]]; then
      words[\${#words[@]}-1]+=$word
    else
      words+=("$word")
      line=\${line#"\${line%%[![:space:]]*}"}
    fi
    line=\${line#"$word"}
  done
  cur=\${words[\${#words[@]}-1]}
  drop=\${cur%"$word"}
  [[ $word == [:=] ]] && drop=$cur
}

_triton() {
  local words cur drop prev at="" config="" i word
  COMPREPLY=()
  _triton_words
  prev=\${words[\${#words[@]}-2]}
  if [[ $cur == --*=* ]]; then
    prev=\${cur%%=*} cur=\${cur#*=} drop=\${drop#*=}
  fi
  for ((i = 1; i < \${#words[@]} - 1; i++)); do
    word=\${words[i]}
    case "\${word%%=*}" in
      ${flagsWithValue(program).join("|")})
        [[ $word == *=* ]] || ((i++))
        [[ $word == --config ]] && config=\${words[i]}
        [[ $word == --config=* ]] && config=\${word#*=}
        continue ;;
    esac
    case "$at $word" in
${commands.flatMap(namesOf).map(([typed, at]) => `      ${typed}) at="${at}" ;;`).join("\n")}
    esac
  done
  case "$at $prev" in
${commands.flatMap(valuesOf).join("\n")}
  esac
  case "$at" in
${commands.map(wordsOf).join("\n")}
  esac
}

complete -F _triton triton
`;
}

/** What is typed to reach a command, and the path of that command. */
function namesOf({ path, commands }: CompletedCommand): [typed: string, at: string][] {
  return commands.map((child) => [
    child.names.map((name) => `"${path} ${name}"`).join("|"),
    child.path,
  ]);
}

function valuesOf({ path, options }: CompletedCommand): string[] {
  return options.flatMap(({ flags, value, optional }) => {
    // If the value is optional, anything may follow.
    if (value === undefined || optional) return [];
    const pattern = flags.map((flag) => `"${path} ${flag}"`).join("|");
    return [`    ${pattern}) ${reply(value)}; return ;;`];
  });
}

function wordsOf({ path, options, commands, argument }: CompletedCommand): string {
  const flags = options.flatMap(({ flags }) => flags.filter((flag) => flag.startsWith("--")));
  const names = commands.map(({ names }) => names[0]!);
  const others = names.length > 0
    ? reply({ type: "words", words: names })
    : reply(argument ?? { type: "anything" });
  const dashed = reply({ type: "words", words: [...new Set(flags)] });
  return `    "${path}")
      if [[ $cur == -* ]]; then ${dashed}
      else ${others}
      fi ;;`;
}

/** The shell command that adds the completions. */
function reply({ type, words = [] }: Completion): string {
  return {
    words: `_triton_reply < <(printf '%s\\n' ${words.join(" ")})`,
    streams: '_triton_reply < <(_triton_streams "$config")',
    files: "_triton_files",
    anything: ":",
  }[type];
}
