// kittiwake policy: what may run below a path.
import { parseArgs } from 'node:util';
import type { Policy } from '../../protocol/policy.ts';
import type { Command } from '../command.ts';
import {
  ASKING,
  ASKING_HELP,
  ASKING_OPTIONS,
  ASKING_STATUS,
  operandsOf,
  type Where,
} from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { group } from '../group.ts';
import { POLICY_HELP, POLICY_OPTIONS, policyFrom } from '../policy-options.ts';
import { printable } from '../printable.ts';
import { table } from '../table.ts';

const list: Command = {
  help: `List the policies at and below a path, that of the root, which is what the host
has, first.

Usage: kittiwake policy list [PATH]

Options:
${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake policy list
  sudo kittiwake policy list team --json
`,
  options: [...ASKING_OPTIONS],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({ args: [...args], options: ASKING, allowPositionals: true });
    if (positionals.length > 1)
      throw new CommandError(
        EXIT.usage,
        `policy list takes one PATH at most; see 'kittiwake policy list --help'`,
      );
    const { asking, clientOf, expected, formatName, pathOf } = await import('../orchestrated.ts');
    const policies = await asking(async () =>
      expected(
        'policies',
        await (
          await clientOf(values)
        ).ask(pathOf(positionals[0] ?? ''), { kind: 'policy', value: { kind: 'info' } }),
      ),
    );
    const sorted = policies
      .map(({ name, policy }) => ({ path: formatName(name), policy }))
      .sort((a, b) => (a.path === ':' ? -1 : b.path === ':' ? 1 : a.path < b.path ? -1 : 1));
    if (values.json)
      out(`${JSON.stringify(sorted.map(({ path, policy }) => ({ path, ...plain(policy) })))}\n`);
    else
      out(
        table(
          ['PATH', 'UNIKERNELS', 'MEMORY', 'BLOCK', 'CPUS', 'BRIDGES'],
          sorted.map(({ path, policy }) => row(path, policy)),
        ),
      );
    return EXIT.ok;
  },
};

const unlimited = (value: number, unit = ''): string => (value === Infinity ? 'no limit' : `${value}${unit}`);

function row(path: string, { unikernels, memory, block, cpuids, bridges }: Policy): string[] {
  return [
    path,
    unlimited(unikernels),
    unlimited(memory, ' MB'),
    block === undefined ? 'none' : unlimited(block, ' MB'),
    cpuids.join(',') || 'none',
    bridges.map((bridge) => printable(bridge, 20)).join(',') || 'none',
  ];
}

/** JSON has no infinity: a limit that is none is null. */
function plain({ unikernels, memory, block, ...rest }: Policy): object {
  const finite = (value: number): number | null => (value === Infinity ? null : value);
  return {
    unikernels: finite(unikernels),
    memory: finite(memory),
    block: block === undefined ? 0 : finite(block),
    ...rest,
  };
}

const set: Command = {
  help: `Limit what may run at and below a path. It must fit what is above it, and hold
what runs there already.

Usage: kittiwake policy set PATH --unikernels N --memory N --cpu N,N [OPTIONS]

Options:
${POLICY_HELP}${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake policy set team --unikernels 4 --memory 256 --cpu 0,1
`,
  options: ['--unikernels', '--memory', '--cpu', '--bridge', '--block', ...ASKING_OPTIONS],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...ASKING,
        ...POLICY_OPTIONS,
      },
    });
    const [word = ''] = operandsOf('policy set', ['PATH'], positionals);
    const policy = policyFrom(values);
    await change(word, { kind: 'add', value: policy }, values, out);
    return EXIT.ok;
  },
};

const remove: Command = {
  help: `Remove the policy of a path. What runs there runs on, within the policies above.

Usage: kittiwake policy rm PATH

Options:
${ASKING_HELP}
${ASKING_STATUS}
Examples:
  sudo kittiwake policy rm team
`,
  options: [...ASKING_OPTIONS],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({ args: [...args], options: ASKING, allowPositionals: true });
    const [word = ''] = operandsOf('policy rm', ['PATH'], positionals);
    await change(word, { kind: 'remove' }, values, out);
    return EXIT.ok;
  },
};

async function change(
  word: string,
  value: { readonly kind: 'add'; readonly value: Policy } | { readonly kind: 'remove' },
  values: Where & { readonly json?: boolean | undefined },
  out: (text: string) => void,
): Promise<void> {
  const { asking, clientOf, expected, formatName, pathOf } = await import('../orchestrated.ts');
  await asking(async () => {
    const path = pathOf(word);
    const done = expected('text', await (await clientOf(values)).ask(path, { kind: 'policy', value }));
    out(
      values.json ? `${JSON.stringify({ path: formatName(path), done })}\n` : `${formatName(path)} ${done}\n`,
    );
  });
}

export const policy = group(
  'policy',
  [
    { name: 'list', summary: 'list the policies', load: () => list },
    { name: 'set', summary: 'limit what may run below a path', load: () => set },
    { name: 'rm', summary: 'remove the policy of a path', load: () => remove },
  ],
  `Limit what may run: how many unikernels, their memory, CPUs, bridges, block
devices. A policy is of a path, 'team' of 'team:web'; all policies above a
unikernel limit it.`,
  `Examples:
  sudo kittiwake policy list
  sudo kittiwake policy set team --unikernels 4 --memory 256 --cpu 0,1
  sudo kittiwake policy rm team
`,
);
