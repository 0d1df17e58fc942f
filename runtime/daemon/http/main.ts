// kittiwaked-http: a process of its own, so that what reads HTTP has no privilege.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { locally } from '../../client/socket.ts';
import { VERSION } from '../../version.ts';
import { handedOn } from '../activation.ts';
import { log, runProgram } from '../program.ts';
import { listenAt } from '../unix-socket.ts';
import { everything } from './access.ts';
import { createApp } from './app.ts';
import { HELP, parseOptions, type Options } from './options.ts';
import { closed, httpServer, LIMITS } from './serve.ts';
import { onTcp } from './tcp.ts';
import { TCP_LIMITS } from './tls.ts';

async function serve({ sockets, socket, tcp }: Options): Promise<() => Promise<void>> {
  const given = handedOn(process.env, process.pid);
  if (!tcp) {
    const local = everything('local', locally(sockets));
    const server = httpServer(createApp({ access: () => local, log }), LIMITS);
    await listenAt(server, socket, given.get('http'));
    log(`kittiwaked-http ${VERSION}: listens at ${socket}`);
    return () => closed(server);
  }
  const { connections, http } = onTcp(tcp, { folder: sockets, log, limits: LIMITS, tcpLimits: TCP_LIMITS });
  const descriptor = given.get('https');
  connections.listen(descriptor === undefined ? { host: tcp.host, port: tcp.port } : { fd: descriptor });
  await once(connections, 'listening');
  const { port } = connections.address() as AddressInfo;
  log(`kittiwaked-http ${VERSION}: listens on port ${port}${tcp.tls ? '' : ', without TLS'}`);
  return async () => {
    const done = once(connections, 'close');
    connections.close();
    http.closeAllConnections();
    await done;
  };
}

if (import.meta.main) void runProgram({ name: 'kittiwaked-http', help: HELP, parse: parseOptions, serve });
