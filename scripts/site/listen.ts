// A server's port, or a remedy.
import { once } from 'node:events';
import type { Server } from 'node:http';

/** Longest a request may take to be told whole, in ms, and how often that is looked after; a page asks in one packet. */
export const REQUEST_LIMITS = {
  requestTimeout: 10_000,
  headersTimeout: 10_000,
  connectionsCheckingInterval: 2000,
} as const;

/**
 * Lets `server` listen at `host`:`port`, 0 for a free one, and returns the port it got.
 * @throws Error that names the port and a remedy when it cannot be had.
 */
export async function listenAt(server: Server, host: string, port: number): Promise<number> {
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`--port ${port}: give a number from 1 to 65535`);
  }
  server.listen({ host, port });
  await once(server, 'listening').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const remedy = `choose another, as with --port ${port < 1024 ? 4321 : port + 1}`;
    if (code === 'EADDRINUSE') throw new Error(`port ${port} of ${host} is in use; ${remedy}`);
    if (code === 'EACCES') throw new Error(`port ${port} is for root only; ${remedy}`);
    if (code === 'EADDRNOTAVAIL')
      throw new Error(`${host} is no address of this machine; 'ip address' lists those there are`);
    throw error;
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}

/** Ends every connection; resolves when the port is free. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => {
      if (error) reject(error);
      else resolve();
    });
    server.closeAllConnections();
  });
}
