// kittiwake remote
import { group } from '../group.ts';

export const remote = group(
  'remote',
  [
    {
      name: 'add',
      summary: 'give a name to where an orchestrator is, and who asks it',
      load: async () => (await import('./remote-add.ts')).remoteAdd,
    },
    {
      name: 'list',
      summary: 'list the remotes',
      load: async () => (await import('./remote-list.ts')).remoteList,
    },
    {
      name: 'rm',
      summary: 'forget one; nothing changes there',
      load: async () => (await import('./remote-rm.ts')).remoteRm,
    },
  ],
  `Remotes: names for orchestrators of other hosts, so that --remote NAME says
where one is and which certificates to show.`,
  `Examples:
  kittiwake remote add lab host.example --identity ca/anna
  kittiwake ps --remote lab
`,
);
