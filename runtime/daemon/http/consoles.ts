// What unikernels print, over HTTP.
import type { ConsoleLine } from '../../api/schemas.ts';
import { paged, shownName, told } from './asking.ts';
import type { Handlers } from './call.ts';
import { stateNamed } from './unikernels.ts';

export const consoles = {
  async getConsole({ client, subject, query }) {
    await stateNamed(client, subject);
    const since = { kind: 'count', value: query.lines } as const;
    const asked = { kind: 'console', value: { kind: 'subscribe', value: since } } as const;
    await using exchange = await client.open(subject, asked, false);
    const lines: ConsoleLine[] = [];
    for await (const { data } of exchange.data())
      if (data.kind === 'console') lines.push({ time: data.value.time.toISOString(), line: data.value.line });
    return { lines };
  },
  async listInactiveConsoles({ client, subject, query }) {
    const asked = { kind: 'console', value: { kind: 'listInactive', value: undefined } } as const;
    const names = await told(client, subject, asked, 'inactiveConsoles');
    return paged(names.map(shownName), (name) => name, query);
  },
} satisfies Partial<Handlers>;
