// kittiwake net publish and kittiwake net unpublish
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { CommandError, EXIT } from '../errors.ts';
import { printable } from '../printable.ts';
import { formatAddress, parseAddress } from '../../network/ip.ts';
import { publish, unpublish } from '../../network/manager.ts';
import { portName, type Publication } from '../../network/model.ts';
import {
  CHANGING,
  CHANGING_HELP,
  operands,
  report,
  speaking,
  STATUS_HELP,
  surroundings,
} from './net-words.ts';

type Port = Omit<Publication, 'tap' | 'guestPort'>;

/** `[ADDRESS:]PORT` and `/udp`, an IPv6 address in brackets. @throws CommandError `usage` */
function parsePort(text: string, protocol: string | undefined): Port | undefined {
  const [, inBrackets, plain, port] = /^(?:\[([0-9a-f:.]+)\]:|([\d.]+):)?(\d{1,5})$/.exec(text) ?? [];
  const written = inBrackets ?? plain;
  const address = written === undefined ? undefined : parseAddress(written);
  const right = written === undefined || address?.family === (inBrackets === undefined ? 4 : 6);
  if (!right || !isPort(port)) return undefined;
  if (protocol !== undefined && protocol !== 'tcp' && protocol !== 'udp') return undefined;
  return {
    protocol: protocol ?? 'tcp',
    port: Number(port),
    ...(address && { address: formatAddress(address) }),
  };
}

function isPort(text: string | undefined): boolean {
  return text !== undefined && Number(text) >= 1 && Number(text) <= 65535;
}

/** `[ADDRESS:]PORT:TAP:PORT[/PROTOCOL]` */
function parsePublication(text: string): Publication {
  const [, from = '', tap = '', guestPort, protocol] =
    /^(.+):([a-z][a-z0-9._-]*):(\d{1,5})(?:\/([a-z]+))?$/.exec(text) ?? [];
  const port = parsePort(from, protocol);
  if (port && isPort(guestPort)) return { ...port, tap, guestPort: Number(guestPort) };
  throw new CommandError(
    EXIT.usage,
    `'${printable(text)}': not a port to publish; write it as 8080:www:80, 127.0.0.1:8080:www:80 or 53:dns:53/udp`,
  );
}

const FORWARD_HELP = `The port answers on all addresses of the host, or on ADDRESS only (IPv6 in
brackets): from outside, from unikernels, and from the host itself, 127.0.0.1
as well, but not ::1, from which Linux lets nothing out: what asks there is
refused at once, and goes on to 127.0.0.1 if it was looking for localhost. A
port on which a program of the host listens is taken over.`;

export const netPublish: Command = {
  help: `Publish a port: what comes for it at the host goes to a unikernel.

Usage: kittiwake net publish NETWORK [ADDRESS:]PORT:TAP:PORT[/udp] [OPTIONS]

${FORWARD_HELP}
A unikernel needs the network's gateway to answer what comes from outside.

Options:
${CHANGING_HELP}
${STATUS_HELP}
Examples:
  sudo kittiwake net publish web 8080:www:80
  sudo kittiwake net publish web 127.0.0.1:8080:www:80
  sudo kittiwake net publish web 53:dns:53/udp
`,
  options: ['--dry-run', '--json', '--state', '--help'],
  run(args, context) {
    const { values, positionals } = parseArgs({ args: [...args], options: CHANGING, allowPositionals: true });
    const [network = '', what = ''] = operands(
      'publish',
      ['NETWORK', '[ADDRESS:]PORT:TAP:PORT'],
      positionals,
    );
    const publication = parsePublication(what);
    const outcome = speaking(() => publish(network, publication, surroundings(values, context)));
    report(outcome, values, context, (changed) => {
      const done = changed ? 'leads' : 'leads already';
      return `port ${portName(publication)}: ${done} to port ${publication.guestPort} of ${publication.tap}\n`;
    });
    return EXIT.ok;
  },
};

export const netUnpublish: Command = {
  help: `Take a published port back. Connections that are there go on.

Usage: kittiwake net unpublish NETWORK [ADDRESS:]PORT[/udp] [OPTIONS]

Options:
${CHANGING_HELP}
${STATUS_HELP}
Examples:
  sudo kittiwake net unpublish web 8080
  sudo kittiwake net unpublish web 53/udp
`,
  options: ['--dry-run', '--json', '--state', '--help'],
  run(args, context) {
    const { values, positionals } = parseArgs({ args: [...args], options: CHANGING, allowPositionals: true });
    const [network = '', what = ''] = operands('unpublish', ['NETWORK', '[ADDRESS:]PORT'], positionals);
    const [from = '', protocol] = what.split('/');
    const port = parsePort(from, protocol);
    if (!port)
      throw new CommandError(
        EXIT.usage,
        `'${printable(what)}': not a published port; write it as 8080, 127.0.0.1:8080 or 53/udp`,
      );
    const outcome = speaking(() => unpublish(network, port, surroundings(values, context)));
    report(outcome, values, context, () => `port ${portName(port)}: taken back\n`);
    return EXIT.ok;
  },
};
