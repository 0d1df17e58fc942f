// kittiwake ca
import { group } from '../group.ts';

export const ca = group(
  'ca',
  [
    {
      name: 'init',
      summary: 'make the root of trust, and what a server needs',
      load: async () => (await import('./ca-init.ts')).caInit,
    },
    {
      name: 'delegate',
      summary: 'let somebody do so much below a name',
      load: async () => (await import('./ca-delegate.ts')).caDelegate,
    },
    {
      name: 'server',
      summary: "make one more server's certificate, or renew one",
      load: async () => (await import('./ca-server.ts')).caServer,
    },
  ],
  `Let others deploy unikernels to this host from elsewhere. Who may do what is in
certificates that they show: the server knows one root of trust, and nobody by
name.`,
  `Examples:
  kittiwake ca init ca --server unikernels.example.org
  kittiwake ca delegate ca anna --unikernels 5 --memory 512 --cpu 0 --bridge br0
`,
);
