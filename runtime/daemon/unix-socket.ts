// Listening at a path, for its owner and group.
import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { connect, type Server } from 'node:net';

/** Whether somebody serves at `path`; a socket that a killed daemon left behind is nobody's. */
async function isServed(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/**
 * Has `server` listen at the Unix socket `path`, or at the socket a service manager has opened and handed on as `descriptor`.
 * @throws Error when somebody serves there already.
 */
export async function listenAt(server: Server, path: string, descriptor: number | undefined): Promise<void> {
  if (descriptor === undefined) {
    if (await isServed(path)) throw new Error(`${path}: another daemon serves there; end it first`);
    await rm(path, { force: true });
    server.listen({ path });
  } else server.listen({ fd: descriptor });
  await once(server, 'listening');
  if (descriptor === undefined) await chmod(path, 0o660);
}
