// kittiwake net: managed networks. This file is the group; each command of it is in a file beside.
import { group } from '../group.ts';

export const net = group(
  'net',
  [
    {
      name: 'create',
      summary: 'create a network: a bridge, addresses, NAT',
      load: async () => (await import('./net-create.ts')).netCreate,
    },
    {
      name: 'list',
      summary: 'list the networks',
      load: async () => (await import('./net-list.ts')).netList,
    },
    {
      name: 'inspect',
      summary: 'show a network, its taps and their addresses',
      load: async () => (await import('./net-list.ts')).netInspect,
    },
    {
      name: 'rm',
      summary: 'remove a network with all it has',
      load: async () => (await import('./net-rm.ts')).netRm,
    },
    {
      name: 'tap',
      summary: 'add or remove a tap (tap add, tap rm)',
      load: async () => (await import('./net-tap.ts')).netTap,
    },
    {
      name: 'publish',
      summary: 'let a port of the host lead to a unikernel',
      load: async () => (await import('./net-publish.ts')).netPublish,
    },
    {
      name: 'unpublish',
      summary: 'take a published port back',
      load: async () => (await import('./net-publish.ts')).netUnpublish,
    },
    {
      name: 'up',
      summary: 'set up all networks again, as after a restart',
      load: async () => (await import('./net-rm.ts')).netUp,
    },
  ],
  `Set up networks that unikernels are on: bridges, taps, addresses, NAT, published
ports.`,
  `Whatever changes the host's network needs root. With --dry-run it prints the
commands of ip, nft and sysctl that would do the same, and changes nothing.

Examples:
  sudo kittiwake net create web --subnet 10.0.42.0/24 --nat
  sudo kittiwake net tap add web www
  sudo kittiwake net publish web 8080:www:80
  kittiwake net inspect web
  sudo kittiwake net rm web
`,
);
