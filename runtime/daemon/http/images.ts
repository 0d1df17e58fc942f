// Images that come by HTTP: beside their settings, or by their digest.
import { Settings } from '../../api/schemas.ts';
import { digestOf, imageOf } from '../../client/images.ts';
import { told } from './asking.ts';
import type { Call } from './call.ts';
import { checked, jsonIn, parsedJson, piecesOf, typeOf } from './parse.ts';
import { HttpProblem } from './problem.ts';
import { streamOf } from './stream.ts';

/** Bytes of the largest image that one message of the orchestrator's protocol has room for. */
export const IMAGE_MAX = 64 << 20;
/** Bytes of a form, beside the image. */
const BESIDE_MAX = 2 << 20;

interface Sent extends AsyncDisposable {
  readonly settings: Settings;
  readonly image: Uint8Array;
}

type Creation = Call<'putUnikernel'>;

/** The settings and the image of a request. What it holds is given back when it is let go of. @throws HttpProblem */
export async function imageSent(call: Creation): Promise<Sent> {
  const { room, request } = call;
  const type = typeOf(request);
  if (type !== 'multipart/form-data') {
    const settings = checked(Settings, await jsonIn(request), 'body');
    const image = await byDigest(call, settings.digest);
    return { settings, image, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  let held = 0;
  const pieces = async function* (): AsyncGenerator<Uint8Array, void> {
    for await (const piece of piecesOf(request, IMAGE_MAX + BESIDE_MAX)) {
      if (!room.take(piece.length))
        throw new HttpProblem(
          'busy',
          'image: as many are being sent as there is room for; try again',
          {},
          {
            'Retry-After': '2',
          },
        );
      held += piece.length;
      yield piece;
    }
  };
  const giveBack = (): void => room.give(held);
  try {
    const found = await formOf(new Response(streamOf(pieces()), { headers: request.headers }));
    return { ...found, [Symbol.asyncDispose]: () => Promise.resolve().then(giveBack) };
  } catch (error) {
    giveBack();
    throw error;
  }
}

async function formOf(sent: Response): Promise<{ settings: Settings; image: Uint8Array }> {
  const form = await sent.formData().catch((error: unknown) => {
    if (error instanceof HttpProblem) throw error;
    throw new HttpProblem('malformed', 'body: it is no form of settings and image');
  });
  const unknown = [...form.keys()].find((key) => key !== 'settings' && key !== 'image');
  if (unknown !== undefined)
    throw new HttpProblem(
      'malformed',
      `body: ${JSON.stringify(unknown.slice(0, 40))} is no part of it; send settings and image`,
    );
  const [settings, ...more] = form.getAll('settings');
  const [image, ...others] = form.getAll('image');
  if (settings === undefined || !(image instanceof Blob) || more.length > 0 || others.length > 0)
    throw new HttpProblem('malformed', 'body: send one settings, in JSON, and one image, as a file');
  const text = typeof settings === 'string' ? Buffer.from(settings) : await settings.bytes();
  const found = checked(Settings, parsedJson(text, 'settings'), 'settings');
  const bytes = await image.bytes();
  if (found.digest !== undefined && digestOf(bytes) !== found.digest)
    throw new HttpProblem(
      'refused',
      `image: its SHA-256 is ${digestOf(bytes)}, and not the digest of the settings`,
    );
  return { settings: found, image: bytes };
}

/** The image of `digest`, which a unikernel has that they may look at. @throws HttpProblem where there is none. */
async function byDigest({ client, access }: Creation, digest: string | undefined): Promise<Uint8Array> {
  if (digest === undefined)
    throw new HttpProblem('malformed', 'body.digest: send it, or send a form of settings and image');
  const states = await told(client, access.scope, { kind: 'kittiwake', value: { kind: 'states' } }, 'states');
  // One that runs has it for certain; of one that ended the orchestrator shows the settings only.
  const found = states.find(
    ({ info, state }) => state.kind !== 'ended' && Buffer.from(info.digest).toString('hex') === digest,
  );
  if (!found)
    throw new HttpProblem('refused', `image ${digest}: no unikernel that runs has it; send the image itself`);
  return (await imageOf(client, found.name)).bytes;
}
