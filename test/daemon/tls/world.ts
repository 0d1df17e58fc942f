// A daemon with an endpoint before it, and authorities to come to it with.
import type { KeyObject, X509Certificate } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { solo5Elf } from '../../cli/solo5-elf.ts';
import { Blocks } from '../../../runtime/daemon/blocks.ts';
import { filesOf, readIdentity } from '../../../runtime/client/identity.ts';
import { Disk } from '../../../runtime/daemon/disk.ts';
import { Orchestrator } from '../../../runtime/daemon/orchestrator.ts';
import { listen, type Handler, type Listening } from '../../../runtime/daemon/server.ts';
import { Endpoint, type Limits } from '../../../runtime/daemon/tls/endpoint.ts';
import { RevocationList } from '../../../runtime/daemon/tls/revoked.ts';
import type { Files } from '../../../runtime/daemon/tls/terminator.ts';
import type { Ended } from '../../../runtime/daemon/ended.ts';
import type { Launcher } from '../../../runtime/daemon/supervisor.ts';
import type { Command } from '../../../runtime/protocol/command.ts';
import type { Config } from '../../../runtime/protocol/config.ts';
import { Deframer } from '../../../runtime/protocol/frame.ts';
import { issueLeaf, issueRoot, issueServer, newKeys, type Issuer } from '../../../runtime/protocol/issue.ts';
import { decodeMessage, type Message, type Payload } from '../../../runtime/protocol/message.ts';
import { formatName } from '../../../runtime/protocol/name.ts';
import type { Policy } from '../../../runtime/protocol/policy.ts';
import type { Keys } from '../../../runtime/protocol/x509/request.ts';
import { root as project } from '../../../scripts/setup/root.ts';

export const HOST: Policy = {
  ...{ cpuids: [0, 1], unikernels: Infinity, memory: 4096, block: 1000, bridges: ['service'] },
};

export const TERMINATOR = join(
  project,
  'build',
  'tender',
  process.env['KITTIWAKE_TERMINATOR'] ?? 'tls-terminator',
);

/** An image that wants nothing. */
export const IMAGE = solo5Elf({ target: 2 });

export const config: Config = {
  ...{ typ: 'solo5', compressed: false, image: new Uint8Array(0), addName: true },
  ...{
    failBehaviour: { kind: 'restart', value: [] },
    cpuids: [0],
    memory: 32,
    blocks: [],
    bridges: [],
    cpus: 1,
  },
};
export const create = (changes: Partial<Config> = {}): Command => ({
  kind: 'unikernel',
  value: { kind: 'create', value: { ...config, image: IMAGE, ...changes } },
});
export const INFO: Command = { kind: 'unikernel', value: { kind: 'info' } };
export const text = (value: string): Payload => ({ kind: 'success', value: { kind: 'text', value } });
export const failure = (value: string): Payload => ({ kind: 'failure', value });

export const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;
export const pems = (...certificates: X509Certificate[]): string => certificates.join('');

/** What a server needs, in files of `folder`. */
export async function serverFiles(
  folder: string,
  issuer: Issuer,
  hosts: readonly [string, ...string[]],
  { publicKey, privateKey }: Keys,
): Promise<Files> {
  const file = async (name: string, content: string): Promise<string> => {
    await fs.writeFile(join(folder, name), content);
    return join(folder, name);
  };
  return {
    root: await file('server-root.pem', pems(issuer.certificate)),
    // With who has issued it, for clients that trust somebody above.
    cert: await file('server.pem', pems(issueServer(issuer, hosts, publicKey), issuer.certificate)),
    key: await file('server.key', pem(privateKey)),
  };
}

/** What a client shows: certificates, the leaf first, and the leaf's key. */
export interface Shown {
  readonly cert: string;
  readonly key: string;
}

export class World {
  readonly folder: string;
  readonly root: Issuer;
  readonly log: string[] = [];
  readonly events: string[] = [];
  readonly revoked: string;
  readonly #listening: Listening[] = [];
  #endpoint: Endpoint | undefined;
  #orchestrator: Orchestrator | undefined;
  port = 0;

  readonly #keys: Keys;

  private constructor(folder: string, root: Issuer, server: Keys) {
    this.folder = folder;
    this.#keys = server;
    this.root = root;
    this.revoked = join(folder, 'revoked');
  }

  /** @param server - The folder of who issues the server's certificate, where that is not a root of its own. */
  static async begin(limits: Partial<Limits> = {}, server?: string): Promise<World> {
    const keys = newKeys();
    const own = { certificate: issueRoot('root', keys), key: keys.privateKey };
    const root = server === undefined ? own : readIdentity(filesOf(server)).issuer;
    const world = new World(await fs.mkdtemp(join(tmpdir(), 'kittiwake-tls-')), root, newKeys());
    await fs.writeFile(world.revoked, '');
    await world.#daemon();
    await world.#listen(limits);
    return world;
  }

  async #daemon(): Promise<void> {
    const launcher: Launcher = {
      start() {
        const { promise, resolve } = Promise.withResolvers<Ended>();
        return Promise.resolve({
          ...{ pid: 1, since: new Date(), ended: promise, leave: () => undefined },
          kill: (signal) => resolve({ signal }),
        });
      },
      adopt: () => Promise.resolve({ kind: 'none' }),
      release: () => Promise.resolve(),
      sweep: () => Promise.resolve([]),
    };
    const { disk, remembered } = await Disk.open(join(this.folder, 'db'));
    const { blocks, found } = await Blocks.open(join(this.folder, 'blocks'), (line) => this.log.push(line));
    const orchestrator = new Orchestrator({
      cgroups: { apply: () => undefined },
      ...{ disk, remembered, launcher, blocks, found, reach: 'ancestors', host: () => Promise.resolve(HOST) },
      event: (subject, said) => this.events.push(`${formatName(subject)} ${said}`),
      lines: () => undefined,
    });
    this.#orchestrator = orchestrator;
    await this.serve('vmmd.sock', ({ name, payload }, client) => {
      if (payload.kind !== 'command') throw new Error('not a command');
      return orchestrator.execute(name, payload.value, client);
    });
  }

  async serve(socket: string, handler: Handler): Promise<void> {
    this.#listening.push(await listen(join(this.folder, socket), handler, (line) => this.log.push(line)));
  }

  async #listen(limits: Partial<Limits>): Promise<void> {
    this.#endpoint = new Endpoint({
      files: await this.renew(),
      terminator: TERMINATOR,
      revoked: new RevocationList(this.revoked),
      folder: this.folder,
      log: (line) => this.log.push(line),
      limits,
    });
    this.port = await this.#endpoint.listen({ host: '127.0.0.1', port: 0 });
  }

  /** Issues the server's certificate anew, for the same key. */
  renew(): Promise<Files> {
    return serverFiles(this.folder, this.root, ['localhost', '127.0.0.1'], this.#keys);
  }

  /** The root's folder, as 'kittiwake ca init' makes it. */
  async rootFolder(): Promise<string> {
    const folder = join(this.folder, 'ca');
    await fs.mkdir(folder);
    for (const name of ['root.pem', 'cert.pem'])
      await fs.writeFile(join(folder, name), pems(this.root.certificate));
    await fs.writeFile(join(folder, 'key.pem'), pem(this.root.key));
    return folder;
  }

  async end(): Promise<void> {
    await this.#endpoint?.close();
    for (const listening of this.#listening) await listening.close();
    await this.#orchestrator?.leave();
    await fs.rm(this.folder, { recursive: true });
  }

  /** A command of `issuer`, with the certificates of those above it. */
  leaf(issuer: Issuer, above: readonly Issuer[], name: string | undefined, command: Command): Shown {
    const keys = newKeys();
    const certificate = issueLeaf(issuer, name, keys.publicKey, command);
    const authorities = [issuer, ...above].map((one) => one.certificate);
    return { cert: pems(certificate, ...authorities), key: pem(keys.privateKey) };
  }

  client(shown?: Shown): TLSSocket {
    const ca = pems(this.root.certificate);
    const socket = connect({ ...shown, port: this.port, host: '127.0.0.1', ca });
    // What was written late is an error of its own when the server has let go, after all that was waited for. Whoever waits hears of it all the same.
    return socket.on('error', () => undefined);
  }

  /** All that is answered to a client that shows this and sends `more`. */
  async ask(shown: Shown | undefined, ...more: Uint8Array[]): Promise<Message[]> {
    const socket = this.client(shown);
    await once(socket, 'secureConnect');
    for (const bytes of more) socket.write(bytes);
    return answers(socket);
  }
}

export async function answers(socket: TLSSocket): Promise<Message[]> {
  const deframer = new Deframer();
  const messages: Message[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>)
    for (const body of deframer.push(chunk)) messages.push(decodeMessage(body));
  return messages;
}
