// kittiwaked-tls: a process of its own, so that what reads what strangers send has no privilege.
import { join, resolve } from 'node:path';
import { VERSION } from '../../version.ts';
import { handedOn } from '../activation.ts';
import { log, runProgram } from '../program.ts';
import { Endpoint } from './endpoint.ts';
import { HELP, parseOptions, type Options } from './options.ts';
import { RevocationList } from './revoked.ts';

async function serve({ identity, key, revoked, host, port, sockets }: Options): Promise<() => Promise<void>> {
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
  return () => endpoint.close();
}

if (import.meta.main) void runProgram({ name: 'kittiwaked-tls', help: HELP, parse: parseOptions, serve });
