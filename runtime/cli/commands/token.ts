// kittiwake token
import { group } from '../group.ts';

export const token = group(
  'token',
  [
    {
      name: 'create',
      summary: 'make a token',
      load: async () => (await import('./token-create.ts')).tokenCreate,
    },
    {
      name: 'list',
      summary: 'list the tokens, and what each allows',
      load: async () => (await import('./token-list.ts')).tokenList,
    },
    {
      name: 'revoke',
      summary: 'let somebody in no more',
      load: async () => (await import('./token-revoke.ts')).tokenRevoke,
    },
  ],
  `Tokens for the HTTP API of kittiwaked: each allows some of what can be asked,
about what is at and below a path, for a time. Only a hash of it is kept.`,
  `Examples:
  sudo kittiwake token create ci --scope team: --verbs read,create --days 30
  sudo kittiwake token list
  sudo kittiwake token revoke ci
`,
);
