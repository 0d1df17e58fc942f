// What netcheck was asked to do of its own accord.
import { Stack } from '../../libos/iface/stack';
import * as dns from '../../libos/shell/dns';
import * as network from '../../libos/shell/network';
import { NEVER } from '../../libos/time/duration';
import { Call } from './call';
import { Errand } from './errand';
import { Options } from './options';
import { Ping } from './ping';

/** EX_UNAVAILABLE of sysexits(3). */
const UNANSWERED: i32 = 69;

const errands: Errand[] = [];
let exits = false;

export function prepare(stack: Stack, options: Options, source: u32): void {
  const ping = options.ping;
  if (ping != null) errands.push(new Ping(ping, stack, options, source));
  const call = options.call;
  if (call != null) errands.push(new Call(call, stack, options, source));
  exits = options.exits;
  if (errands.length != 0) dns.start(stack, options.dns);
}

/** There is an address: the first begins, the others follow one after the other. */
export function begin(): void {
  if (errands.length != 0) errands[0].begin();
}

/** Does what is due; the moment at which it wants to be called again. */
export function turn(): u64 {
  for (let i = 0; i < errands.length; i++) {
    const due = errands[i].turn();
    if (!errands[i].isOver) return min(due, dns.turn());
    if (i + 1 < errands.length) errands[i + 1].begin();
  }
  if (exits) network.finish(failed() ? UNANSWERED : 0);
  return NEVER;
}

function failed(): bool {
  for (let i = 0; i < errands.length; i++) if (errands[i].failed) return true;
  return false;
}
