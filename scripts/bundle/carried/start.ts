// Serves the handbook out of the bundle, by the unikernel `website` where that works, and runs its steps in machines out of the bundle: for
// the reader at this machine, or for a room.
import { join } from 'node:path';
import { serveHandbook, serveWithLabs } from '../../site/handbook.ts';
import type { Asked } from '../../workshop/options.ts';
import { serveWorkshop } from '../../workshop/serve.ts';
import { carried, stateFolder } from './home.ts';
import { carriedSnapshot } from './machine.ts';

const FILES = {
  runtime: carried('runtime'),
  image: carried('runtime', 'share', 'kittiwake', 'images', 'website.spt'),
  pages: carried('site'),
  archive: () => Promise.resolve(carried('site.tar')),
  env: { LD_LIBRARY_PATH: carried('lib', 'usernet') },
};

const LABS = {
  folder: carried('labs'),
  readers: join(stateFolder, 'readers'),
  snapshot: carriedSnapshot,
};

/** Serves at `port` of 127.0.0.1 until a signal, and says where. @throws Error with a remedy when the port cannot be had. */
export async function start(port: number, plain: boolean, lab: boolean): Promise<void> {
  const { url, by } = await (lab
    ? serveWithLabs(FILES, LABS, port, plain)
    : serveHandbook(FILES, port, plain));
  console.log(`The handbook is at ${url}, served by ${by}
${lab ? '\nOpened by this address, its pages run each step in a virtual machine of your own.\n' : ''}
To run its labs, in another terminal:
  ./kittiwake-handbook vm shell   a terminal in the lab VM, where every command of the handbook works
  ./kittiwake-handbook labs       every command of the handbook, in fresh VMs, checked

For a workshop with others on your network, start this instead:  ./kittiwake-handbook workshop

Stop it with Ctrl-C.`);
}

/** Serves a room until a signal. */
export function workshop(asked: Asked): Promise<void> {
  return serveWorkshop(FILES, { ...LABS, readers: join(stateFolder, 'workshop') }, asked);
}
