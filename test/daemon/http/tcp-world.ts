// The HTTP API on TCP, before a daemon in memory: with and without TLS, with authorities and tokens to come to it with.
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTcp, type Around } from '../../../runtime/daemon/http/tcp.ts';
import { LIMITS } from '../../../runtime/daemon/http/serve.ts';
import { TCP_LIMITS } from '../../../runtime/daemon/http/tls.ts';
import {
  issueAuthority,
  issueRoot,
  issueServer,
  newKeys,
  type Issuer,
} from '../../../runtime/protocol/issue.ts';
import type { Policy } from '../../../runtime/protocol/policy.ts';
import { makeToken } from '../../../runtime/tokens.ts';
import type { Verb } from '../../../runtime/api/verbs.ts';
import { pem, pems, type Shown } from '../tls/world.ts';
import { Memory } from './memory.ts';

export const LATER = new Date(Date.now() + 3_600_000).toISOString();

export class TcpWorld {
  readonly memory: Memory;
  readonly root: Issuer;
  readonly tokens: string;
  readonly identity: string;
  readonly #ends: (() => Promise<void>)[] = [];

  private constructor(memory: Memory, root: Issuer) {
    this.memory = memory;
    this.root = root;
    this.tokens = join(memory.folder, 'tokens');
    this.identity = join(memory.folder, 'identity');
  }

  static async begin(): Promise<TcpWorld> {
    const keys = newKeys();
    const world = new TcpWorld(await Memory.begin(), {
      certificate: issueRoot('root', keys),
      key: keys.privateKey,
    });
    const own = newKeys();
    const server = issueServer(world.root, ['localhost', '127.0.0.1'], own.publicKey);
    await fs.mkdir(world.identity);
    const files = {
      'root.pem': pems(world.root.certificate),
      'cert.pem': pems(server),
      'key.pem': pem(own.privateKey),
    };
    for (const [name, text] of Object.entries({ ...files, revoked: '' }))
      await fs.writeFile(join(world.identity, name), text);
    return world;
  }

  get revoked(): string {
    return join(this.identity, 'revoked');
  }

  /** Serves; the port. */
  async listen(
    tls: boolean,
    changes: Partial<Around> = {},
    origins: readonly string[] = [],
  ): Promise<number> {
    const { folder, log } = this.memory;
    const { connections, http } = onTcp(
      {
        tokens: this.tokens,
        origins,
        ...(tls ? { tls: { identity: this.identity, revoked: this.revoked } } : {}),
      },
      { folder, log: (line) => log.push(line), limits: LIMITS, tcpLimits: TCP_LIMITS, ...changes },
    );
    connections.listen({ host: '127.0.0.1', port: 0 });
    await once(connections, 'listening');
    this.#ends.push(async () => {
      const done = once(connections, 'close');
      connections.close();
      http.closeAllConnections();
      await done;
    });
    return (connections.address() as AddressInfo).port;
  }

  token(name: string, scope: string, verbs: readonly Verb[], expires = LATER): Promise<string> {
    return makeToken(this.tokens, name, { scope, verbs: [...verbs], expires });
  }

  authority(above: Issuer, name: string, policy: Policy): Issuer {
    const { publicKey, privateKey } = newKeys();
    return { certificate: issueAuthority(above, name, publicKey, policy), key: privateKey, policy };
  }

  /** The authority itself, with those above it, as a client. */
  shown(authority: Issuer, ...above: Issuer[]): Shown {
    return {
      cert: pems(authority.certificate, ...above.map(({ certificate }) => certificate)),
      key: pem(authority.key),
    };
  }

  async end(): Promise<void> {
    for (const end of this.#ends) await end();
    await this.memory.end();
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** Asks by HTTPS. */
export function ask(
  port: number,
  root: string,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
    shown,
    begun,
  }: Partial<{
    method: string;
    headers: Record<string, string>;
    body: string;
    shown: Shown;
    begun: () => void;
  }> = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = httpsRequest(
    { host: '127.0.0.1', port, path, method, headers, ca: root, agent: false, ...shown },
    (response) => {
      begun?.();
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        const text = Buffer.concat(pieces).toString();
        const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
      response.on('error', reject);
    },
  );
  request.on('error', reject);
  request.end(body);
  return promise;
}
