// kittiwake cert
import { group } from '../group.ts';

export const cert = group(
  'cert',
  [
    {
      name: 'show',
      summary: 'show what certificates say',
      load: async () => (await import('./cert-show.ts')).certShow,
    },
    {
      name: 'request',
      summary: 'make a key, and a request for a certificate for it',
      load: async () => (await import('./cert-request.ts')).certRequest,
    },
    {
      name: 'revoke',
      summary: 'let somebody in no more',
      load: async () => (await import('./cert-revoke.ts')).certRevoke,
    },
  ],
  'Certificates of who may deploy unikernels from elsewhere.',
  `Examples:
  kittiwake cert show anna/cert.pem
  kittiwake cert request bob
  sudo kittiwake cert revoke ca/anna/cert.pem --list /etc/kittiwaked/tls/revoked
`,
);
