// The kittiwake command: picks the subcommand, and turns what went wrong into one line and an exit status.
import type { Command, Context, Listed } from './command.ts';
import { COMMANDS } from './commands.ts';
import { CommandError, EXIT } from './errors.ts';
import { listing } from './group.ts';
import { ownInstall } from './install.ts';
import { probeKvm } from './kvm.ts';
import { standardOutput } from './output.ts';
import { printable } from './printable.ts';
import { shellWords } from './shell-words.ts';
import { VERSION } from '../version.ts';

const HELP = `Run unikernels: small virtual machines that are one program each.

Usage: kittiwake COMMAND [ARGUMENTS]

Commands:
${listing(COMMANDS)}

  kittiwake COMMAND --help   shows a command's options and examples
  kittiwake --version        shows the version

First steps:
  kittiwake doctor
  kittiwake run hello
`;

/** Runs the command line `args`; the exit status. */
export async function main(args: readonly string[], context: Context): Promise<number> {
  const [name] = args;
  if (name === '--version') {
    context.out(`kittiwake ${VERSION}\n`);
    return EXIT.ok;
  }
  if (name === undefined || name === '--help' || name === 'help') {
    context.out(HELP);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  let path = [name];
  try {
    const first = COMMANDS.find((candidate) => candidate.name === name);
    if (!first)
      throw new CommandError(
        EXIT.usage,
        `'${printable(name)}': no such command; 'kittiwake --help' lists them`,
      );
    const [command, own, words] = await choose(first, args.slice(1), []);
    path = words;
    const end = own.indexOf('--');
    if (own.slice(0, end < 0 ? undefined : end).includes('--help')) {
      context.out(command.help);
      return EXIT.ok;
    }
    return await command.run(own, context);
  } catch (error) {
    return refuse(error, path, context);
  }
}

/** Says in one line what is wrong; the exit status. @throws what is no fault of the person's. */
function refuse(error: unknown, path: readonly string[], context: Context): number {
  if (error instanceof CommandError) {
    context.note(error.message);
    return error.status;
  }
  if (!(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) throw error;
  context.note(
    `${(error as Error).message.replace(/\.?\s*To specify.*$/s, '')}; see 'kittiwake ${printable(path.join(' '))} --help'`,
  );
  return EXIT.usage;
}

/** The command that `args` name below `listed`, what is left for it, and the words that led there, after `before`. */
async function choose(
  listed: Listed,
  args: readonly string[],
  before: readonly string[],
): Promise<[command: Command, args: readonly string[], path: string[]]> {
  const command = await listed.load();
  const path = [...before, listed.name];
  const next = command.commands?.find(({ name }) => name === args[0]);
  return next ? choose(next, args.slice(1), path) : [command, args, path];
}

/** Runs the command line of this process. */
async function start(): Promise<void> {
  const install = ownInstall();
  const output = standardOutput();
  // Should nothing be left to wait for before there is a status, that is a fault of ours.
  process.exitCode = EXIT.software;
  process.exitCode = await main(process.argv.slice(2), {
    ...output,
    install,
    probeKvm: () => probeKvm(install),
    exec: (path, args) => {
      if (process.env['KITTIWAKE_START'] !== 'print')
        return process.execve?.(path, [path, ...args], process.env);
      // Who asks for it wants to become the program itself (scripts/runtime.ts says why).
      output.out(`exec ${shellWords([path, ...args])}\n`);
      process.exit(EXIT.ok);
    },
  });
}

if (import.meta.main) void start();
