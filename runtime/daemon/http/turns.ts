// How much is done at a time: more than that is refused, and not kept waiting. The orchestrator takes 128 connections at a socket.
import type { Operation } from '../../api/operations.ts';
import { Budget, Shares } from '../tls/budget.ts';
import type { Access } from './access.ts';
import { HttpProblem } from './problem.ts';
import { watched } from './stream.ts';

export const TURN_LIMITS = {
  /** Requests, those whose answers are streams left out. */
  requests: 48,
  /** Answers that are streams: events, images, the data of block devices. */
  streams: 64,
  /** Of them, those of one token, or one certificate. */
  streamsEach: 16,
} as const;
export type TurnLimits = { readonly [K in keyof typeof TURN_LIMITS]: number };

const busy = (what: string): HttpProblem =>
  new HttpProblem(
    'busy',
    `${what}: as many are being answered as may be; try again`,
    {},
    { 'Retry-After': '2' },
  );

export class Turns {
  readonly #requests: Budget;
  readonly #streams: Budget;
  readonly #each: Shares;

  constructor({ requests, streams, streamsEach }: TurnLimits) {
    this.#requests = new Budget(requests);
    this.#streams = new Budget(streams);
    this.#each = new Shares(streamsEach);
  }

  /** Does `action` when it is its turn, which for a stream lasts until that has been sent. @throws HttpProblem (busy) where it is not. */
  async take({ answer }: Operation, access: Access, action: () => Promise<Response>): Promise<Response> {
    const streams = answer.kind === 'events' || answer.kind === 'bytes';
    return streams ? this.#stream(access, action) : this.#request(action);
  }

  async #request(action: () => Promise<Response>): Promise<Response> {
    if (!this.#requests.take(1)) throw busy('requests');
    try {
      return await action();
    } finally {
      this.#requests.give(1);
    }
  }

  async #stream({ who, verbs, scope }: Access, action: () => Promise<Response>): Promise<Response> {
    // Whoever may ask for everything is many: all who may open the socket.
    const counted = verbs !== undefined || scope.path.length > 0;
    if (counted && !this.#each.take(who)) throw busy(`streams of ${who}`);
    if (!this.#streams.take(1)) {
      if (counted) this.#each.give(who);
      throw busy('streams');
    }
    let open = true;
    const over = (): void => {
      if (!open) return;
      open = false;
      this.#streams.give(1);
      if (counted) this.#each.give(who);
    };
    try {
      const response = await action();
      if (response.body) return new Response(watched(response.body, over), response);
      over();
      return response;
    } catch (error) {
      over();
      throw error;
    }
  }
}
