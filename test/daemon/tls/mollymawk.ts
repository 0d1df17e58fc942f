// Asks as Mollymawk (1c257b3, `albatross.ml`) does: it has the root's certificate and key, and makes for each request a certificate of the user with the
// policy it has in mind, and below it one with the command. Images and block devices follow in frames; of the answer it reads one frame, and of a stream
// as much as it wants, then it goes.
import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { encodeExtension, EXTENSION } from '../../../runtime/protocol/chain.ts';
import type { Command } from '../../../runtime/protocol/command.ts';
import { Deframer, frame, STREAM_END } from '../../../runtime/protocol/frame.ts';
import { newKeys, type Issuer } from '../../../runtime/protocol/issue.ts';
import { decodeMessage, type Message } from '../../../runtime/protocol/message.ts';
import type { Policy } from '../../../runtime/protocol/policy.ts';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  Extension,
  issuedElsewhere,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectKeyIdentifierExtension,
} from '../../foreign.ts';
import { pem, pems } from './world.ts';

/** Seconds a certificate is valid; half as many it was so before. */
const VALID_S = 300;

const USER = new KeyUsagesExtension(
  KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature | KeyUsageFlags.nonRepudiation,
  true,
);
const LEAF = new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true);

const foreign = (key: KeyObject): PublicKey => new PublicKey(key.export({ type: 'spki', format: 'der' }));

async function issued(by: Issuer, name: string, command: Command, isUser: boolean): Promise<Issuer> {
  const keys = newKeys();
  const now = Date.now();
  const certificate = await issuedElsewhere({
    subject: `CN=${name}`,
    issuer: by.certificate.subject,
    notBefore: new Date(now - (VALID_S / 2) * 1000),
    notAfter: new Date(now + VALID_S * 1000),
    publicKey: keys.publicKey,
    signingKey: by.key,
    // No extended key usage.
    extensions: [
      new Extension(EXTENSION, false, encodeExtension(command)),
      isUser ? USER : LEAF,
      new BasicConstraintsExtension(isUser, undefined, true),
      await SubjectKeyIdentifierExtension.create(foreign(keys.publicKey)),
      await AuthorityKeyIdentifierExtension.create(foreign(by.certificate.publicKey)),
    ],
  });
  return { certificate, key: keys.privateKey };
}

export class Mollymawk {
  readonly #root: Issuer;
  readonly #port: number;
  /** What it has in mind for each user. */
  readonly policies = new Map<string, Policy>();

  constructor(root: Issuer, port: number) {
    this.#root = root;
    this.#port = port;
  }

  /** A connection with `command` about `name` of `user`; without a user it is about all. */
  async #connected(user: string | undefined, name: string, command: Command): Promise<TLSSocket> {
    const none: Policy = { unikernels: 0, cpuids: [], memory: 0, bridges: [] };
    const value = this.policies.get(user ?? '') ?? none;
    const above =
      user === undefined
        ? []
        : [await issued(this.#root, user, { kind: 'policy', value: { kind: 'add', value } }, true)];
    const leaf = await issued(above[0] ?? this.#root, name, command, false);
    const socket = connect({
      ...{ port: this.#port, host: '127.0.0.1', ca: pems(this.#root.certificate) },
      cert: pems(leaf.certificate, ...above.map(({ certificate }) => certificate)),
      key: pem(leaf.key),
      // It does not look at the server's name.
      checkServerIdentity: () => undefined,
    }).on('error', () => undefined);
    await once(socket, 'secureConnect');
    return socket;
  }

  /** The answer to `command`; `pieces` are sent as they are, each in a frame, and then their end. */
  async query(
    user: string | undefined,
    command: Command,
    name = '.',
    pieces?: readonly Uint8Array[],
  ): Promise<Message> {
    const [answer] = await this.stream(user, command, name, () => false, pieces);
    if (!answer) throw new Error('it was not answered');
    return answer;
  }

  /** The messages that come for `command`, for as long as `more` of them are wanted. */
  async stream(
    user: string | undefined,
    command: Command,
    name: string,
    more: (message: Message) => boolean,
    pieces?: readonly Uint8Array[],
  ): Promise<Message[]> {
    const socket = await this.#connected(user, name, command);
    // Before it reads anything.
    for (const piece of pieces ?? []) socket.write(frame(piece));
    if (pieces) socket.write(STREAM_END);
    const deframer = new Deframer();
    const messages: Message[] = [];
    for await (const chunk of socket as AsyncIterable<Buffer>)
      for (const body of deframer.push(chunk)) {
        const message = decodeMessage(body);
        messages.push(message);
        if (!more(message)) return messages;
      }
    throw new Error('the server ended before all was there');
  }

  /** Gives `user` a policy, by whatever command: it is in the certificate. */
  async setPolicy(user: string, policy: Policy): Promise<Message> {
    this.policies.set(user, policy);
    return this.query(user, { kind: 'unikernel', value: { kind: 'info' } });
  }
}
