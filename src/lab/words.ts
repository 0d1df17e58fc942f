// What the page says of machine, connection and steps. Pure.
import type { Link } from './connection.ts';
import type { Machine, Wish } from './session.ts';
import type { Mark } from './steps.ts';

export function machineWords(machine: Machine): string {
  const why = machine.why === undefined ? '' : `: ${machine.why}`;
  switch (machine.state) {
    case 'none':
      return 'No machine yet: it starts with the first step you run';
    case 'waiting':
      return `Waiting for a machine${machine.place === undefined ? '' : `, at place ${machine.place}`}${why}`;
    case 'starting':
      return 'Your machine is starting';
    case 'ready':
      return 'Your machine is ready';
    case 'ended':
      return `Your machine has ended${why}`;
  }
}

/** Why nothing can be run just now; undefined where it can. */
export function linkWords(link: Link, now: number): string | undefined {
  switch (link.state) {
    case 'open':
      return undefined;
    case 'connecting':
      return 'Looking for the lab server';
    case 'forbidden':
      return link.why === '' ? 'The lab server was started anew: open the address that it printed' : link.why;
    case 'lost': {
      const what = link.before
        ? 'The connection to the lab server is lost'
        : 'The lab server does not answer';
      const again = Math.max(1, Math.ceil((link.again - now) / 1000));
      return `${what}${link.why === '' ? '' : ` (${link.why})`}; next try in ${again} s`;
    }
  }
}

/** How far it is with what the reader asked for. */
export function wishWords(wish: Wish, machine: Machine, now: number): string {
  const elapsed = Math.floor((now - wish.since) / 1000);
  const so = elapsed > 0 ? `, ${elapsed} s` : '';
  if (machine.state === 'waiting') return machineWords(machine);
  if (wish.running === undefined)
    return `${machine.state === 'ready' ? 'Asking' : 'Starting your machine'}${so}`;
  if (wish.kind === 'run') return `Running${so}`;
  return `Bringing your machine here: ${wish.running}${so}`;
}

/** When it was, as a reader would say it. */
function when(at: string | undefined, now: Date): string {
  if (at === undefined) return '';
  const then = new Date(at);
  const time = then.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (then.toDateString() === now.toDateString()) return `, at ${time}`;
  return `, on ${then.toLocaleDateString('en-GB', { day: 'numeric', month: 'long' })}`;
}

/** What was done before, of a step that nothing is asked of now. */
export function markWords(mark: Mark, now: Date): string {
  switch (mark.kind) {
    case 'none':
      return '';
    case 'skipped':
      return 'You skipped this step';
    case 'edited':
      return 'Edited since you ran it';
    case 'passed':
    case 'failed':
      return `${mark.kind === 'passed' ? 'As expected' : 'Not as expected'}${when(mark.at, now)}${mark.here ? '' : ', in an earlier machine'}`;
  }
}
