// What has to be done so that there is what a fleet file asks for. Pure: from what is wanted and what there is to steps, in their order.
import { formatName, isWithin, ROOT, type Name } from '../../protocol/name.ts';
import type { Policy } from '../../protocol/policy.ts';
import { differences, policyDifferences } from './differences.ts';
import type { Observed, ObservedUnikernel } from './observed.ts';
import type { Wanted, WantedBlock, WantedPolicy, WantedUnikernel } from './wanted.ts';

export type Step =
  /** For now so that what comes next fits it, or for good. */
  | {
      readonly kind: 'policy';
      readonly path: Name;
      readonly policy: Policy;
      readonly changes: readonly string[];
    }
  | { readonly kind: 'remove-policy'; readonly path: Name }
  | { readonly kind: 'add-block'; readonly block: WantedBlock }
  /** It was made by one who did not come to fill it. */
  | { readonly kind: 'fill-block'; readonly block: WantedBlock }
  | { readonly kind: 'remove-block'; readonly name: Name; readonly size: number }
  | { readonly kind: 'create'; readonly unikernel: WantedUnikernel }
  /** Another image: in place of the one there is. */
  | { readonly kind: 'replace'; readonly unikernel: WantedUnikernel; readonly changes: readonly string[] }
  /** The same image, other settings. */
  | { readonly kind: 'change'; readonly unikernel: WantedUnikernel; readonly changes: readonly string[] }
  /** It is there, as it is wanted, and has ended. */
  | { readonly kind: 'start'; readonly unikernel: WantedUnikernel; readonly why: string }
  | { readonly kind: 'remove'; readonly name: Name };

export interface Plan {
  readonly steps: readonly Step[];
  /** What is told and not done. */
  readonly remarks: readonly string[];
  /** What cannot be had by any step. */
  readonly obstacles: readonly string[];
}

export interface Choices {
  /** Removes what is there and not wanted. */
  readonly prune: boolean;
  /** Policies can be changed: not by certificates, which carry their own. */
  readonly policies: boolean;
  /** Devices that were begun to be filled and are not full, by their canonical names. */
  readonly unfilled: ReadonlySet<string>;
}

export function plan(wanted: Wanted, observed: Observed, choices: Choices): Plan {
  const remarks: string[] = [];
  const obstacles: string[] = [];
  const policies = policySteps(wanted, observed, choices, obstacles);
  const names = new Set(wanted.unikernels.map(({ name }) => formatName(name)));
  const unikernels = inOrder(wanted.unikernels, observed).flatMap((one) =>
    unikernelSteps(one, observed, remarks),
  );
  const devices = wanted.blocks.flatMap((block) => blockSteps(block, observed, choices, obstacles));
  const byName = (a: { name: Name }, b: { name: Name }): number =>
    formatName(a.name) < formatName(b.name) ? -1 : 1;
  const removed: Step[] = [...observed.unikernels.values()]
    .sort(byName)
    .filter(({ name }) => choices.prune && !names.has(formatName(name)))
    .map(({ name }) => ({ kind: 'remove', name }));
  const kept = new Set(wanted.blocks.map(({ name }) => formatName(name)));
  const held = new Set(
    [...observed.unikernels.values()]
      .filter(({ name }) => names.has(formatName(name)))
      .flatMap(({ name, info }) => info.blocks.map((device) => formatName(deviceOf(name, device)))),
  );
  const dropped = (later: boolean): Step[] =>
    [...observed.blocks.values()]
      .sort(byName)
      .filter(({ name }) => choices.prune && !kept.has(formatName(name)))
      .filter(({ name }) => held.has(formatName(name)) === later)
      .map(({ name, size }) => ({ kind: 'remove-block', name, size }));
  for (const one of unikernels) missingImage(one, observed, obstacles);
  for (const one of wanted.unikernels) missingBlocks(one, wanted, observed, choices, obstacles);
  // What goes leaves room for what comes: addresses, devices, memory within the policies.
  const gone = [...removed, ...dropped(false)];
  const steps = [...gone, ...policies.before, ...devices, ...unikernels, ...dropped(true), ...policies.after];
  return { steps, remarks, obstacles };
}

function unikernelSteps(unikernel: WantedUnikernel, observed: Observed, remarks: string[]): Step[] {
  const found = observed.unikernels.get(formatName(unikernel.name));
  if (!found) return [{ kind: 'create', unikernel }];
  const { image, settings } = differences(unikernel, found.info);
  if (image !== undefined) return [{ kind: 'replace', unikernel, changes: [image, ...settings] }];
  if (settings.length > 0) return [{ kind: 'change', unikernel, changes: settings }];
  if (found.state?.kind !== 'ended') return [];
  const { why } = found.state.value;
  if (unikernel.config.failBehaviour.kind === 'restart') return [{ kind: 'start', unikernel, why }];
  remarks.push(
    `${formatName(unikernel.name)}: has ended (${why}), and stays so, for its restart is no; 'kittiwake restart' starts it`,
  );
  return [];
}

/** The block device that a unikernel's is, in its own path. */
const deviceOf = ({ path }: Name, device: { readonly name: string; readonly hostDevice?: string }): Name => ({
  path,
  label: device.hostDevice ?? device.name,
});

/** Those that give a device away before those that get it; else as they come. */
function inOrder(all: readonly WantedUnikernel[], observed: Observed): WantedUnikernel[] {
  const devices = (name: Name, blocks: WantedUnikernel['config']['blocks']): string[] =>
    blocks.map((device) => formatName(deviceOf(name, device)));
  const holders = new Map<string, WantedUnikernel>();
  for (const one of all) {
    const held: ObservedUnikernel | undefined = observed.unikernels.get(formatName(one.name));
    const wants = devices(one.name, one.config.blocks);
    for (const device of devices(one.name, held?.info.blocks ?? []))
      if (!wants.includes(device)) holders.set(device, one);
  }
  const ordered = new Set<WantedUnikernel>();
  const visited = new Set<WantedUnikernel>();
  const visit = (one: WantedUnikernel): void => {
    if (visited.has(one)) return;
    visited.add(one);
    for (const device of devices(one.name, one.config.blocks)) {
      const holder = holders.get(device);
      if (holder) visit(holder);
    }
    ordered.add(one);
  };
  all.forEach(visit);
  return [...ordered];
}

function blockSteps(
  block: WantedBlock,
  observed: Observed,
  { unfilled }: Choices,
  obstacles: string[],
): Step[] {
  const name = formatName(block.name);
  const found = observed.blocks.get(name);
  if (!found) return [{ kind: 'add-block', block }];
  if (found.size !== block.size)
    obstacles.push(
      `block device ${name}: it has ${found.size} MB and is to have ${block.size}, but devices do not grow; write size: ${found.size}, or save its data by 'kittiwake block dump' and remove it`,
    );
  return unfilled.has(name) ? [{ kind: 'fill-block', block }] : [];
}

function missingImage(step: Step, observed: Observed, obstacles: string[]): void {
  if ((step.kind !== 'create' && step.kind !== 'replace') || step.unikernel.image) return;
  const { name, digest } = step.unikernel;
  if (holderOf(digest, observed)) return;
  obstacles.push(
    `${formatName(name)}: no image with the digest ${digest} is here or there; write image: and the file that it is in`,
  );
}

/** Who has the image of that digest already. */
export const holderOf = (digest: string, { unikernels }: Observed): ObservedUnikernel | undefined =>
  [...unikernels.values()].find(({ info }) => Buffer.from(info.digest).toString('hex') === digest);

function missingBlocks(
  { name, config }: WantedUnikernel,
  wanted: Wanted,
  observed: Observed,
  { prune }: Choices,
  obstacles: string[],
): void {
  const made = new Set(wanted.blocks.map((block) => formatName(block.name)));
  for (const device of config.blocks) {
    const block = formatName(deviceOf(name, device));
    if (made.has(block) || (!prune && observed.blocks.has(block))) continue;
    obstacles.push(
      `${formatName(name)}: block device ${block} is neither in the file${prune ? '' : ' nor there'}; write it below blocks, with its size`,
    );
  }
}

interface PolicySteps {
  readonly before: readonly Step[];
  readonly after: readonly Step[];
}

/** As much as either allows. */
function widest(one: Policy, other: Policy): Policy {
  const block = Math.max(one.block ?? -1, other.block ?? -1);
  return {
    unikernels: Math.max(one.unikernels, other.unikernels),
    memory: Math.max(one.memory, other.memory),
    cpuids: [...new Set([...one.cpuids, ...other.cpuids])].sort((a, b) => a - b),
    bridges: [...new Set([...one.bridges, ...other.bridges])],
    ...(block < 0 ? {} : { block }),
  };
}

/**
 * What is raised is raised before anything needs it, from the outside in; what is lowered is lowered when nothing needs it any longer, from the
 * inside out. So each fits those above and below it at every moment.
 */
function policySteps(
  wanted: Wanted,
  observed: Observed,
  { prune, policies }: Choices,
  obstacles: string[],
): PolicySteps {
  const before: Step[] = [];
  const after: Step[] = [];
  const byDepth = [...wanted.policies].sort((a, b) => a.path.path.length - b.path.path.length);
  for (const { path, policy } of byDepth) {
    const now = observed.policies.get(formatName(path))?.policy;
    const changes = now === undefined ? [] : policyDifferences(now, policy);
    if (now !== undefined && changes.length === 0) continue;
    if (!policies) {
      obstacles.push(
        `policy of ${path.path.join(':')}: it is not as in the file, and certificates carry their own; 'kittiwake ca delegate' makes others, or apply on the host itself`,
      );
      continue;
    }
    const wide = now === undefined ? policy : widest(now, policy);
    if (now === undefined || policyDifferences(now, wide).length > 0)
      before.push({ kind: 'policy', path, policy: wide, changes: now ? policyDifferences(now, wide) : [] });
    if (policyDifferences(wide, policy).length > 0)
      after.unshift({ kind: 'policy', path, policy, changes: policyDifferences(wide, policy) });
  }
  if (prune && policies) after.unshift(...surplus(wanted.policies, wanted.path, observed));
  return { before, after };
}

/** Policies below the file's path that it does not have. The path's own is for who gave it. */
function surplus(wanted: readonly WantedPolicy[], scope: Name, { policies }: Observed): Step[] {
  const kept = new Set([...wanted.map(({ path }) => formatName(path)), formatName(scope), formatName(ROOT)]);
  return [...policies.values()]
    .filter(({ path }) => isWithin(path, scope) && !kept.has(formatName(path)))
    .sort((a, b) => b.path.path.length - a.path.path.length)
    .map(({ path }) => ({ kind: 'remove-policy', path }));
}
