// The envelope: one message a frame, a header and what it carries.
import { command, VERSION } from './command.ts';
import { data } from './data.ts';
import { choice, sequence } from './der/compose.ts';
import { encode, expect, parts, type Of } from './der/codec.ts';
import { int64, integer, text } from './der/primitives.ts';
import { parse } from './der/read.ts';
import { ProtocolError } from './errors.ts';
import type { Name } from './name.ts';
import { name } from './name-codec.ts';
import { success } from './reply.ts';

const version = integer('version');

const header = sequence('header', {
  version,
  /** Counts the requests of a connection, where somebody counts; replies have that of their request. */
  sequence: int64('sequence'),
  /** What the message is about. */
  name,
});

const payload = choice('message', {
  command: [0, command],
  success: [1, success],
  failure: [2, text('failure')],
  data: [3, data],
});
export type Payload = Of<typeof payload>;

const envelope = sequence('message', { header, payload });

export interface Message {
  readonly sequence: bigint;
  readonly name: Name;
  readonly payload: Payload;
}

/** `message` as the body of a frame. */
export function encodeMessage({ sequence: number, name: subject, payload: carried }: Message): Uint8Array {
  return encode(envelope, {
    header: { version: VERSION, sequence: number, name: subject },
    payload: carried,
  });
}

/**
 * The message in the body of a frame. Byte strings in it are views of `bytes`.
 * @throws ProtocolError (version) when it is of another version, whatever else it is; (malformed), (name) when it makes no sense.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const tree = parse(bytes, 'message');
  const [head] = parts(tree, 'message');
  const found = expect(version, head && parts(head, 'header')[0]);
  if (found !== VERSION)
    throw new ProtocolError(
      'version',
      `message: it is of version ${found} of the protocol, this is ${VERSION}`,
    );
  const { header: read, payload: carried } = expect(envelope, tree);
  return { sequence: read.sequence, name: read.name, payload: carried };
}
