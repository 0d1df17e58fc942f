// kittiwake completion: scripts that teach a shell to complete the command, made from the commands themselves.
import type { Command, Listed } from '../command.ts';
import { COMMANDS } from '../commands.ts';
import { CommandError, EXIT } from '../errors.ts';

const HELP = `Print a completion script for your shell.

Usage: kittiwake completion bash|zsh|fish

Examples:
  kittiwake completion bash | sudo tee /etc/bash_completion.d/kittiwake
  kittiwake completion zsh  > ~/.zfunc/_kittiwake
  kittiwake completion fish > ~/.config/fish/completions/kittiwake.fish
`;

type Describe = (commands: readonly (Listed & Command)[]) => string;

/** For zsh and fish, which quote alike. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const bash: Describe = (commands) => `# bash completion for kittiwake
_kittiwake() {
  local word=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} --help --version' -- "$word"))
    return
  fi
  case $command in
${commands
  .map(
    ({ name, options, takesImage }) =>
      `    ${name}) COMPREPLY=($(compgen -W '${options.join(' ')}' -- "$word")${takesImage ? ` $(compgen -f -- "$word")` : ''}) ;;`,
  )
  .join('\n')}
  esac
  case \${COMPREPLY[0]} in *=|*:) compopt -o nospace ;; esac
}
complete -F _kittiwake kittiwake
`;

const zsh: Describe = (commands) => `#compdef kittiwake
_kittiwake() {
  if (( CURRENT == 2 )); then
    local -a commands=(${commands.map(({ name, summary }) => quoted(`${name}:${summary}`)).join(' ')})
    _describe command commands
    return
  fi
  case $words[2] in
${commands
  .map(
    ({ name, options, takesImage }) =>
      `    ${name}) compadd -S '' -- ${options.map((option) => `'${option}'`).join(' ')}${takesImage ? '; _files' : ''} ;;`,
  )
  .join('\n')}
  esac
}
_kittiwake "$@"
`;

const fish: Describe = (commands) =>
  commands
    .map(({ name, summary, options, takesImage }) =>
      [
        `complete -c kittiwake -n __fish_use_subcommand ${takesImage ? '' : '-f '}-a ${name} -d ${quoted(summary)}`,
        ...options.map(
          (option) => `complete -c kittiwake -n '__fish_seen_subcommand_from ${name}' -a '${option}'`,
        ),
        '',
      ].join('\n'),
    )
    .join('');

const SHELLS: Readonly<Record<string, Describe>> = { bash, zsh, fish };

export const completion: Command = {
  help: HELP,
  options: Object.keys(SHELLS),
  async run(args, { out }) {
    const describe = SHELLS[args[0] ?? ''];
    if (!describe || args.length !== 1) {
      throw new CommandError(EXIT.usage, `completion takes one shell: ${Object.keys(SHELLS).join(', ')}`);
    }
    out(describe(await Promise.all(COMMANDS.map(async (each) => ({ ...each, ...(await each.load()) })))));
    return EXIT.ok;
  },
};
