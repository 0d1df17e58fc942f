// The kittiwake command: picks the subcommand, and turns what went wrong into one line and an exit status.
import { writeSync } from 'node:fs';
import { execve } from 'node:process';
import { block } from './commands/block.ts';
import { ca } from './commands/ca.ts';
import { cert } from './commands/cert.ts';
import { completionFor } from './commands/completion.ts';
import { create } from './commands/create.ts';
import { doctor } from './commands/doctor.ts';
import { events } from './commands/events.ts';
import { explain } from './commands/explain.ts';
import { image } from './commands/image.ts';
import { restart, rm, stop } from './commands/lifecycle.ts';
import { logs } from './commands/logs.ts';
import { net } from './commands/net.ts';
import { policy } from './commands/policy.ts';
import { ps } from './commands/ps.ts';
import { run } from './commands/run.ts';
import { stats } from './commands/stats.ts';
import { trace } from './commands/trace.ts';
import type { Command, Context } from './command.ts';
import { CommandError, EXIT } from './errors.ts';
import { ownInstall } from './install.ts';
import { probeKvm } from './kvm.ts';
import { printable } from './printable.ts';
import { shellWords } from './shell-words.ts';
import { VERSION } from '../version.ts';

export const COMMANDS: readonly Command[] = [
  run,
  image,
  stats,
  trace,
  explain,
  net,
  create,
  ps,
  logs,
  restart,
  stop,
  rm,
  block,
  policy,
  events,
  ca,
  cert,
  doctor,
  completionFor(() => COMMANDS),
];

const HELP = `Run unikernels: small virtual machines that are one program each.

Usage: kittiwake COMMAND [ARGUMENTS]

Commands:
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  kittiwake COMMAND --help   shows a command's options and examples
  kittiwake --version        shows the version

First steps:
  kittiwake doctor
  kittiwake run hello
`;

/** Runs the command line `args`; the exit status, later where the command goes on for a while. */
export function main(args: readonly string[], context: Context): number | Promise<number> {
  const [name, ...rest] = args;
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
    const command = COMMANDS.find((candidate) => candidate.name === name);
    if (!command)
      throw new CommandError(
        EXIT.usage,
        `'${printable(name)}': no such command; 'kittiwake --help' lists them`,
      );
    const [chosen, chosenArgs, words] = choose(command, rest, [name]);
    path = words;
    const end = chosenArgs.indexOf('--');
    if (chosenArgs.slice(0, end < 0 ? undefined : end).includes('--help')) {
      context.out(chosen.help);
      return EXIT.ok;
    }
    const status = chosen.run(chosenArgs, context);
    return typeof status === 'number'
      ? status
      : status.catch((error: unknown) => refuse(error, path, context));
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

/** The command that `args` name within the group `command`, what is left for it, and the words that led there. */
function choose(
  command: Command,
  args: readonly string[],
  path: string[],
): [command: Command, args: readonly string[], path: string[]] {
  const [word, ...rest] = args;
  const next = command.commands?.find(({ name }) => name === word);
  return next ? choose(next, rest, [...path, next.name]) : [command, args, path];
}

if (import.meta.main) {
  const install = ownInstall();
  process.stdout.on('error', () => process.exit(EXIT.host)); // A closed pipe: whoever read us has seen enough.
  process.exitCode = await main(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    note: (line) => process.stderr.write(`kittiwake: ${line}\n`),
    ...(process.stderr.isTTY ? { status: (line) => process.stderr.write(`\r\x1b[K${line}`) } : {}),
    colour: process.stdout.isTTY && process.stdout.hasColors(),
    install,
    probeKvm: () => probeKvm(install),
    exec: (path, args) => {
      if (process.env['KITTIWAKE_START'] !== 'print') return execve?.(path, [path, ...args], process.env);
      // Who asks for it wants to become the program itself (scripts/runtime.ts says why).
      writeSync(1, `exec ${shellWords([path, ...args])}\n`);
      process.exit(EXIT.ok);
    },
  });
}
