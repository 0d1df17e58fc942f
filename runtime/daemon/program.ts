// What kittiwaked, kittiwaked-tls and kittiwaked-http do alike: the command line, the log, and the end.
import { VERSION } from '../version.ts';

/** One line on standard error, whatever is in it: what the journal keeps. */
export const log = (line: string): void => void process.stderr.write(`${line.replace(/[\r\n]+/g, ' ')}\n`);

export interface Program<Options> {
  readonly name: string;
  readonly help: string;
  /** @throws Error that says what is wrong with the command line. */
  readonly parse: (args: readonly string[]) => Options | 'help' | 'version';
  /** Resolves, when it serves, to what ends it. */
  readonly serve: (options: Options) => Promise<() => Promise<void>>;
}

/** Runs a program until it is asked to end. Its exit status is 64 for a wrong command line, 1 where it cannot serve. */
export async function runProgram<Options>({ name, help, parse, serve }: Program<Options>): Promise<void> {
  const give = (status: number, message: string): never => {
    log(`${name}: ${message}`);
    process.exit(status);
  };
  let options: Options | 'help' | 'version';
  try {
    options = parse(process.argv.slice(2));
  } catch (error) {
    return give(64, `${(error as Error).message.split('. To specify')[0]}; see '${name} --help'`);
  }
  if (options === 'help') return void process.stdout.write(help);
  if (options === 'version') return void process.stdout.write(`${name} ${VERSION}\n`);
  const end = await serve(options).catch((error: unknown) => give(1, (error as Error).message));
  await new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
  await end();
  process.exit(0);
}
