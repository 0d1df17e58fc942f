// What `workshop` may be told, here and in a bundle.
import { isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { chosenCode, newCode } from '../../labs/server/workshop/code.ts';

export const WORKSHOP_OPTIONS = {
  listen: { type: 'string', default: '127.0.0.1' },
  name: { type: 'string', multiple: true, default: [] as string[] },
  port: { type: 'string', default: '4321' },
  seats: { type: 'string' },
  code: { type: 'string' },
  plain: { type: 'boolean', default: false },
} as const;

/** More than anybody looks after. */
export const SEATS_MAX = 24;

export const WORKSHOP_OPTIONS_HELP = `  --listen ADDRESS  where attendees reach it: an address of this machine (default
                    127.0.0.1, which is this machine alone)
  --name HOST       also answer to this name, which leads to that address; may be
                    given several times
  --port N          the port, there and on 127.0.0.1 (default 4321)
  --seats N         attendees at most, 1 to ${SEATS_MAX} (default: as many machines as
                    memory and processors carry)
  --code CODE       the join code, 6 to 40 letters, digits and hyphens (default: one
                    by chance)
  --plain           serve by the plain server, not by the unikernel website`;

export interface Asked {
  readonly listen: string;
  /** By which attendees may call it, each as it stands in an address. */
  readonly names: readonly [string, ...string[]];
  readonly port: number;
  /** Undefined where as many as the machine carries. */
  readonly seats: number | undefined;
  readonly code: string;
  readonly plain: boolean;
}

interface Values {
  readonly listen: string;
  readonly name: readonly string[];
  readonly port: string;
  readonly seats?: string | undefined;
  readonly code?: string | undefined;
  readonly plain: boolean;
}

/** Addresses of this machine by which others reach it. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address);
}

/** @throws Error with the remedy. */
export function askedOf({ listen, name, port, seats, code, plain }: Values): Asked {
  const own = ownAddresses();
  if (listen !== '127.0.0.1' && !own.includes(listen)) {
    const why =
      isIP(listen) === 0 ? 'it is no address' : 'it is no address of this machine that others reach';
    throw new Error(`--listen ${listen}: ${why}; give one of ${[...own, '127.0.0.1'].join(', ')}`);
  }
  return {
    listen,
    names: [isIPv6(listen) ? `[${listen}]` : listen, ...name.map(hostName)],
    port: numberOf('port', port, 65_535),
    seats: seats === undefined ? undefined : numberOf('seats', seats, SEATS_MAX),
    code: code === undefined ? newCode() : chosenCode(code),
    plain,
  };
}

function hostName(text: string): string {
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i.test(text) && text.length <= 253) return text.toLowerCase();
  throw new Error(`--name ${text}: it is no host name; give one such as workshop.example`);
}

function numberOf(option: string, text: string, most: number): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= most) return number;
  throw new Error(`--${option} ${text}: give a number from 1 to ${most}`);
}
