// Joining: a form of two fields, sent by a browser with or without scripts. Everybody in the network can reach this, so it reads little,
// waits briefly, and says nothing of the code but whether it was right.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerLine, answerSee } from '../answers.ts';
import { whyNot } from '../gate.ts';
import type { Attempts } from './attempts.ts';
import { isCode } from './code.ts';
import { nameOf } from './name.ts';
import { FORM_MAX, JOIN_PAGE, type Refusal } from './protocol.ts';
import type { Seats } from './seats.ts';

export interface DoorLimits {
  /** Until a form has come whole, in ms. A browser sends it in one packet. */
  readonly formMs: number;
  /** Forms that are on their way, altogether and from one address. */
  readonly forms: number;
  readonly formsEach: number;
}

export const DOOR_LIMITS: DoorLimits = { formMs: 5000, forms: 64, formsEach: 32 };

export interface DoorOptions {
  readonly hosts: ReadonlySet<string>;
  readonly code: string;
  readonly seats: Seats;
  readonly attempts: Attempts;
  readonly limits?: Partial<DoorLimits>;
}

/** What is no form, and the status it is answered with. */
class NoForm extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export class Door {
  /** Whether anybody may join. */
  open = true;
  readonly #options: DoorOptions;
  readonly #limits: DoorLimits;
  /** Forms on their way, by the address they come from. */
  readonly #coming = new Map<string, number>();

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#limits = { ...DOOR_LIMITS, ...options.limits };
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' || request.method === 'HEAD') {
      answerSee(response, JOIN_PAGE);
      return;
    }
    const address = request.socket.remoteAddress ?? '';
    try {
      const form = await this.#form(request, address);
      const { token, why } = await this.#join(form, address);
      answerSee(response, token === undefined ? `${JOIN_PAGE}#why=${why}` : `/#lab=${token}`);
    } catch (error) {
      if (response.destroyed) return;
      if (error instanceof NoForm) answerLine(response, error.status, error.message);
      else {
        console.error(`workshop: ${(error as Error).message}`);
        answerLine(response, 500, 'the workshop could not write its files; tell the presenter');
      }
    }
  }

  async #join(
    form: URLSearchParams,
    address: string,
  ): Promise<
    { readonly token: string; readonly why?: never } | { readonly token?: never; readonly why: Refusal }
  > {
    const { code, seats, attempts } = this.#options;
    const now = performance.now();
    if (!attempts.mayTry(address, now)) return { why: 'too-fast' };
    if (!isCode(form.get('code') ?? '', code)) {
      attempts.wasWrong(address, now);
      return { why: 'wrong-code' };
    }
    const name = nameOf(form.get('name') ?? '');
    if (name === undefined) return { why: 'name' };
    if (!this.open) return { why: 'closed' };
    const taken = await seats.take(name, Date.now());
    return taken ? { token: taken.token } : { why: 'full' };
  }

  /** The fields of the form. @throws NoForm */
  async #form(request: IncomingMessage, address: string): Promise<URLSearchParams> {
    const { headers, method } = request;
    if (method !== 'POST') throw new NoForm(405, 'a form is sent here with POST');
    const why = whyNot(headers, this.#options.hosts);
    if (why !== undefined) throw new NoForm(403, why);
    if (!/^application\/x-www-form-urlencoded(?: *;.*)?$/i.test(headers['content-type'] ?? ''))
      throw new NoForm(415, `that is no form; open ${JOIN_PAGE}`);
    const here = this.#coming.get(address) ?? 0;
    const all = [...this.#coming.values()].reduce((sum, count) => sum + count, 0);
    if (here >= this.#limits.formsEach || all >= this.#limits.forms)
      throw new NoForm(429, 'too many forms are on their way; try again');
    this.#coming.set(address, here + 1);
    try {
      const form = new URLSearchParams(await this.#body(request));
      const fields = [...form.keys()].sort().join();
      if (fields !== 'code,name') throw new NoForm(400, `the form has a code and a name; open ${JOIN_PAGE}`);
      return form;
    } finally {
      const left = (this.#coming.get(address) ?? 1) - 1;
      if (left > 0) this.#coming.set(address, left);
      else this.#coming.delete(address);
    }
  }

  #body(request: IncomingMessage): Promise<string> {
    const tooLong = new NoForm(413, `the form is longer than ${FORM_MAX} bytes`);
    if (Number(request.headers['content-length'] ?? 0) > FORM_MAX) throw tooLong;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const pieces: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(
      () => reject(new NoForm(408, 'the form did not come in time; send it again')),
      this.#limits.formMs,
    );
    request
      .on('data', (piece: Buffer) => {
        size += piece.length;
        if (size > FORM_MAX) reject(tooLong);
        else pieces.push(piece);
      })
      .on('end', () => resolve(Buffer.concat(pieces).toString()))
      .on('error', reject)
      .on('close', () => reject(new Error('the connection ended before the form did')));
    return promise.finally(() => {
      clearTimeout(timer);
      request.removeAllListeners('data').pause();
    });
  }
}
