// The image of a unikernel, from the orchestrator that has it.
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { formatName, type Name } from '../protocol/name.ts';
import { ClientError, type Client } from './socket.ts';

/** Bytes of the largest one that is taken: what a server sends may be compressed a thousandfold. */
const IMAGE_MAX = 256 << 20;
/** How hard it is to be compressed: one message has room for 64 MiB. */
const LEVEL = 6;

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** @throws ClientError where there is none, or what comes is not what the server lists. */
export async function imageOf(client: Client, name: Name): Promise<{ bytes: Uint8Array; digest: string }> {
  const listed = await client.ask(name, { kind: 'unikernel', value: { kind: 'info' } });
  const info = listed.kind === 'unikernels' ? listed.value[0]?.info : undefined;
  const got = await client.ask(name, { kind: 'unikernel', value: { kind: 'get', value: LEVEL } });
  const damaged = (cause: string): ClientError =>
    new ClientError('unanswered', `image of ${formatName(name)}: ${cause}; ask again`);
  if (got.kind !== 'image') throw damaged(`the server answered with ${got.kind}`);
  const { compressed, data } = got.value;
  const bytes = compressed
    ? await promisify(inflate)(data, { maxOutputLength: IMAGE_MAX }).catch((error: unknown) => {
        throw damaged(`it is not compressed as the server says (${(error as Error).message})`);
      })
    : data;
  const digest = digestOf(bytes);
  if (info && Buffer.from(info.digest).toString('hex') !== digest)
    throw damaged('it is not of the digest that the server lists');
  return { bytes, digest };
}
