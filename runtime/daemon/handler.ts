// What the sockets are for. Albatross has one for each of its daemons; here each answers everything, so that it does not matter which was meant.
import type { Command } from '../protocol/command.ts';
import type { Data } from '../protocol/data.ts';
import { formatName, type Name } from '../protocol/name.ts';
import type { Success } from '../protocol/reply.ts';
import type { Line } from './console.ts';
import type { Orchestrator } from './orchestrator.ts';
import { Refusal } from './refusal.ts';
import { below, Sampler, type Source } from './sampler.ts';
import type { Client, Handler } from './server.ts';
import { Subscribers } from './subscribers.ts';

/** Of what has been, so much is sent before the client is waited for; of what happens meanwhile, so much is held: who reads slower than that is let go. */
const PIECE = 1000;
const HELD_MAX = 20_000;

export class Service {
  readonly #consoles = new Subscribers();
  readonly #events = new Subscribers();
  readonly #orchestrator: Promise<Orchestrator>;
  readonly #sampler: Sampler;

  /**
   * @param orchestrator - Until it is there, whoever asks waits.
   * @param counted - For statistics, every `beatMs` milliseconds.
   */
  constructor(orchestrator: Promise<Orchestrator>, counted: Pick<Source, 'look' | 'failed'>, beatMs: number) {
    this.#orchestrator = orchestrator;
    const subjects = async (scope: Name) => (await orchestrator).supervisors(scope);
    this.#sampler = new Sampler({ ...counted, subjects }, beatMs);
  }

  readonly lines = (subject: Name, lines: readonly Line[]): void => {
    for (const value of lines) this.#consoles.tell(subject, { kind: 'console', value });
  };

  readonly event = (subject: Name, text: string): void => {
    this.#events.tell(subject, { kind: 'event', value: { time: new Date(), text } });
  };

  readonly handler: Handler = async ({ name, payload }, client) => {
    if (payload.kind !== 'command') throw new Refusal(`${payload.kind}: not for a daemon`);
    const command = payload.value;
    if (command.kind === 'console') return this.#console(name, command.value, client);
    if (command.kind === 'stats' && command.value.kind === 'subscribe') return this.#statistics(name, client);
    if (command.kind === 'kittiwake' && command.value.kind === 'events')
      return this.#subscribe(this.#events, name, client, 'subscribed', () => Promise.resolve([]));
    return (await this.#orchestrator).execute(name, command, client);
  };

  async #console(
    name: Name,
    command: Extract<Command, { kind: 'console' }>['value'],
    client: Client,
  ): Promise<Success | undefined> {
    const orchestrator = await this.#orchestrator;
    switch (command.kind) {
      case 'listInactive': {
        const ended = orchestrator.supervisors(name).filter(({ state }) => state.kind !== 'running');
        return { kind: 'inactiveConsoles', value: ended.map(({ unikernel }) => unikernel.name) };
      }
      case 'subscribe': {
        if (name.label === undefined)
          throw new Refusal(`console: ${formatName(name)} is a path; give a name`);
        const console = orchestrator.supervisor(name)?.console;
        const said = console ? 'subscribed' : 'waiting for VM';
        return this.#subscribe(this.#consoles, name, client, said, async () =>
          ((await console?.lines(command.value)) ?? []).map((value) => ({ kind: 'console', value })),
        );
      }
      default:
        throw new Refusal(`console ${command.kind}: only daemons say that to each other`);
    }
  }

  /** Who ends what it says at once is told how things are now, and no more. */
  async #statistics(scope: Name, client: Client): Promise<undefined> {
    client.send({ kind: 'success', value: { kind: 'text', value: 'subscribed' } });
    const end = await this.#sampler.add(scope, (subject, value) =>
      client.send({ kind: 'data', value }, below(subject, scope)),
    );
    await client.gone;
    end();
    return undefined;
  }

  /** Says so, tells what has been, and then all that comes, until the client has had enough. */
  async #subscribe(
    to: Subscribers,
    scope: Name,
    client: Client,
    said: string,
    before: () => Promise<readonly Data[]>,
  ): Promise<undefined> {
    client.send({ kind: 'success', value: { kind: 'text', value: said } });
    const send = (subject: Name, value: Data): boolean => client.send({ kind: 'data', value }, subject);
    // What happens while it is looked up what has been, is told after that.
    let held: { subject: Name; data: Data }[] | undefined = [];
    const end = to.add(scope, (subject, data) => {
      if (!held) return send(subject, data);
      return held.push({ subject, data }) < HELD_MAX;
    });
    try {
      for (const [at, data] of (await before()).entries()) {
        if (at % PIECE === PIECE - 1) await client.drained();
        if (held.length >= HELD_MAX || !send(scope, data)) return undefined;
      }
      for (const { subject, data } of held) send(subject, data);
      held = undefined;
      await client.gone;
      return undefined;
    } finally {
      end();
    }
  }
}
