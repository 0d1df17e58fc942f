// Does what was planned, one step after the other. Each step is one message, or two that can be repeated; whoever is killed between them is gone on from
// by the next plan.
import { addBlock, removeBlock, setBlock } from '../../client/blocks.ts';
import { imageOf } from '../../client/images.ts';
import type { Client } from '../../client/socket.ts';
import type { Command } from '../../protocol/command.ts';
import { formatName } from '../../protocol/name.ts';
import { allowedCpus } from '../../client/allowed.ts';
import type { Context } from '../command.ts';
import { readPieces, shown, sizeOf } from '../files.ts';
import { shownName } from '../orchestrated.ts';
import { healthWords, waitForHealth } from './health.ts';
import { bytesOf } from './images.ts';
import type { Observed } from './observed.ts';
import { holderOf, type Plan, type Step } from './plan.ts';
import type { Wanted, WantedBlock, WantedUnikernel } from './wanted.ts';

export interface Doing {
  readonly client: Client;
  readonly wanted: Wanted;
  readonly observed: Observed;
  /** Tells that a step is done. */
  readonly done: (step: Step) => void;
  /** Tells that a unikernel is well, and by what. */
  readonly well: (name: string, how: string) => void;
  readonly status?: Context['status'];
}

export async function carryOut(plan: Plan, doing: Doing): Promise<void> {
  const images = await imagesOfServer(plan, doing);
  const { unikernels } = doing.wanted;
  const pending = new Set(plan.steps.flatMap((step) => ('unikernel' in step ? [step.unikernel] : [])));
  const left = new Set(unikernels.filter((one) => !pending.has(one) && hasEnded(one, doing.observed)));
  const checked = new Set<WantedUnikernel>(left);
  const check = async (one: WantedUnikernel, fresh: boolean): Promise<void> => {
    checked.add(one);
    const { health, name } = one;
    if (!health) return;
    doing.status?.(`${shownName(name)}: waiting until it ${healthWords(health)}`);
    await waitForHealth(health, { client: doing.client, name, fresh }).finally(() => doing.status?.(''));
    doing.well(shownName(name), healthWords(health));
  };
  for (const step of plan.steps) {
    // Who comes later counts on those before, also where an earlier apply started them and did not come to wait for them.
    if ('unikernel' in step)
      for (const one of unikernels.slice(0, unikernels.indexOf(step.unikernel)))
        if (!pending.has(one) && !checked.has(one)) await check(one, false);
    await take(step, doing, images);
    doing.done(step);
    if (!('unikernel' in step)) continue;
    pending.delete(step.unikernel);
    await check(step.unikernel, true);
  }
  for (const one of unikernels) if (!checked.has(one)) await check(one, false);
}

const hasEnded = ({ name }: WantedUnikernel, { unikernels }: Observed): boolean =>
  unikernels.get(formatName(name))?.state?.kind === 'ended';

/** Images that only the server has, by their digests: they are got before those that have them go. */
async function imagesOfServer(
  { steps }: Plan,
  { client, observed }: Doing,
): Promise<Map<string, Uint8Array>> {
  const images = new Map<string, Uint8Array>();
  for (const step of steps) {
    if ((step.kind !== 'create' && step.kind !== 'replace') || step.unikernel.image) continue;
    const { digest } = step.unikernel;
    const holder = holderOf(digest, observed);
    if (holder && !images.has(digest)) images.set(digest, (await imageOf(client, holder.name)).bytes);
  }
  return images;
}

async function take(step: Step, doing: Doing, images: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const { client, status } = doing;
  switch (step.kind) {
    case 'policy':
      await client.ask(step.path, { kind: 'policy', value: { kind: 'add', value: step.policy } });
      return;
    case 'remove-policy':
      await client.ask(step.path, { kind: 'policy', value: { kind: 'remove' } });
      return;
    case 'add-block':
      await addBlock(client, step.block.name, step.block.size);
      return fill(step.block, doing);
    case 'fill-block':
      return fill(step.block, doing);
    case 'remove-block':
      await removeBlock(client, step.name);
      return;
    case 'start':
      await client.ask(step.unikernel.name, unikernel({ kind: 'restart', value: { kind: 'same' } }));
      return;
    case 'remove':
      await client.ask(step.name, unikernel({ kind: 'destroy' }));
      return;
    case 'change': {
      const value = { ...step.unikernel.config, cpuids: await cpusOf(step.unikernel, doing) };
      const asked = unikernel({ kind: 'restart', value: { kind: 'changed', value } });
      await client.ask(step.unikernel.name, asked);
      return;
    }
    case 'create':
    case 'replace': {
      const { name, config, digest, image } = step.unikernel;
      status?.(`${shownName(name)}: sending its image`);
      const bytes = image ? await bytesOf(image, digest) : images.get(digest);
      if (!bytes) throw new Error(`${formatName(name)}: its image is gone; try again`);
      const cpuids = await cpusOf(step.unikernel, doing);
      const value = { ...config, cpuids, compressed: false, image: bytes };
      const kind = step.kind === 'create' ? 'create' : 'forceCreate';
      await client.ask(name, unikernel({ kind, value })).finally(() => status?.(''));
    }
  }
}

const unikernel = (value: Extract<Command, { kind: 'unikernel' }>['value']): Command => ({
  kind: 'unikernel',
  value,
});

async function fill({ name, contents }: WantedBlock, { client, status }: Doing): Promise<void> {
  if (contents === undefined) return;
  const pieces = shown(readPieces(contents), shownName(name), await sizeOf(contents), status);
  await setBlock(client, name, pieces);
}

/** Those in the file, else those it has, else all it may have. */
async function cpusOf(
  { name, cpuids }: WantedUnikernel,
  { client, observed }: Doing,
): Promise<readonly number[]> {
  return (
    cpuids ?? observed.unikernels.get(formatName(name))?.info.cpuids ?? (await allowedCpus(client, name))
  );
}
