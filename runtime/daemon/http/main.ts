// kittiwaked-http: a process of its own, so that what reads HTTP has no privilege.
import { locally } from '../../client/socket.ts';
import { VERSION } from '../../version.ts';
import { handedOn } from '../activation.ts';
import { listenAt } from '../unix-socket.ts';
import { everything } from './access.ts';
import { createApp } from './app.ts';
import { HELP, parseOptions, type Options } from './options.ts';
import { closed, httpServer, LIMITS } from './serve.ts';

const log = (line: string): void => void process.stderr.write(`${line.replace(/[\r\n]+/g, ' ')}\n`);

async function serve({ sockets, socket }: Options): Promise<() => Promise<void>> {
  const given = handedOn(process.env, process.pid);
  const local = everything('local', locally(sockets));
  const server = httpServer(createApp({ access: () => local, log }), LIMITS);
  await listenAt(server, socket, given.get('http'));
  log(`kittiwaked-http ${VERSION}: listens at ${socket}`);
  return () => closed(server);
}

if (import.meta.main) {
  let options: ReturnType<typeof parseOptions>;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    log(
      `kittiwaked-http: ${(error as Error).message.split('. To specify')[0]}; see 'kittiwaked-http --help'`,
    );
    process.exit(64);
  }
  if (options === 'help') process.stdout.write(HELP);
  else if (options === 'version') process.stdout.write(`kittiwaked-http ${VERSION}\n`);
  else {
    const end = await serve(options).catch((error: unknown) => {
      log(`kittiwaked-http: ${(error as Error).message}`);
      process.exit(1);
    });
    await new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
    });
    await end();
    process.exit(0);
  }
}
