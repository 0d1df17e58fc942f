// kittiwaked-tls: a process of its own, so that what reads what strangers send has no privilege.
import { join, resolve } from 'node:path';
import { VERSION } from '../../version.ts';
import { handedOn } from '../activation.ts';
import { Endpoint } from './endpoint.ts';
import { HELP, parseOptions, type Options } from './options.ts';
import { RevocationList } from './revoked.ts';

const log = (line: string): void => void process.stderr.write(`${line.replace(/[\r\n]+/g, ' ')}\n`);

async function serve({ identity, key, revoked, host, port, sockets }: Options): Promise<Endpoint> {
  const prefix = process.env['KITTIWAKE_PREFIX'] ?? resolve(import.meta.dirname, '..', '..');
  const list = new RevocationList(revoked);
  // A list that is not there is found out now, and not by the first who comes.
  list.reason([]);
  const endpoint = new Endpoint({
    files: { root: join(identity, 'root.pem'), cert: join(identity, 'cert.pem'), key },
    terminator: join(prefix, 'lib', 'kittiwake', 'tls-terminator'),
    ...{ revoked: list, folder: sockets, log },
  });
  const given = handedOn(process.env, process.pid).get('tls');
  const listening = await endpoint.listen(given === undefined ? { host, port } : { fd: given });
  log(`kittiwaked-tls ${VERSION}: listens on port ${listening}`);
  return endpoint;
}

if (import.meta.main) {
  let options: ReturnType<typeof parseOptions>;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    log(`kittiwaked-tls: ${(error as Error).message.split('. To specify')[0]}; see 'kittiwaked-tls --help'`);
    process.exit(64);
  }
  if (options === 'help') process.stdout.write(HELP);
  else if (options === 'version') process.stdout.write(`kittiwaked-tls ${VERSION}\n`);
  else {
    const endpoint = await serve(options).catch((error: unknown) => {
      log(`kittiwaked-tls: ${(error as Error).message}`);
      process.exit(1);
    });
    await new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
    });
    await endpoint.close();
    process.exit(0);
  }
}
