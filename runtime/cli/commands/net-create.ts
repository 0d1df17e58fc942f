// kittiwake net create
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { CommandError, EXIT } from '../errors.ts';
import { create } from '../../network/manager.ts';
import { bridgeOf } from '../../network/model.ts';
import {
  CHANGING,
  CHANGING_HELP,
  operands,
  publicView,
  report,
  speaking,
  STATUS_HELP,
  surroundings,
} from './net-words.ts';

const HELP = `Create a network: a bridge with the host's address on it, and its firewall.

Usage: kittiwake net create NAME --subnet SUBNET [OPTIONS]

NAME is up to 12 small letters, digits and hyphens; the bridge is kw-NAME. The
host has the first address of the subnet. Unikernels on the network reach each
other and the host; nothing from outside reaches them but published ports.
Creating a network that exists, with the same options, puts right what is
missing of it, and else does nothing.

Options:
  --subnet SUBNET     the IPv4 subnet, /8 to /30; required
  --subnet6 SUBNET    an IPv6 subnet as well
  --nat               unikernels reach what the host reaches, with the host's
                      address
  --routed            the same with their own addresses: the router beyond has
                      to know the way back
  --bridged           the same without the host, which is only a switch: the
                      interface of --uplink becomes a port of the bridge, and
                      SUBNET is that of the network beyond it
  --uplink IF         with --nat or --routed: by the interface IF only; with
                      --bridged: the port, one on which the host has no address
  --isolated          unikernels do not reach each other
  --dhcp              unikernels get their addresses by DHCP and router
                      advertisements, and names by DNS, from dnsmasq; SUBNET of
                      --subnet6 has to be a /64
${CHANGING_HELP}
Without --uplink the host forwards IPv4 between all its interfaces while there
is such a network; IPv6 it does in any case. What was changed is given back by
'kittiwake net rm'. Networks are set up again when the host starts, by the unit
kittiwake-networks.service, where systemd runs.

${STATUS_HELP}
Examples:
  sudo kittiwake net create web --subnet 10.0.42.0/24 --nat
  sudo kittiwake net create lab --subnet 10.0.43.0/24 --subnet6 fd00:43::/64
  sudo kittiwake net create dmz --subnet 192.0.2.0/28 --routed --uplink eth0
  sudo kittiwake net create lan --subnet 192.168.1.0/24 --bridged --uplink eth1
  sudo kittiwake net create home --subnet 10.0.44.0/24 --nat --dhcp
  kittiwake net create web --subnet 10.0.42.0/24 --nat --dry-run
`;

export const netCreate: Command = {
  help: HELP,
  options: [
    ...['--subnet', '--subnet6', '--nat', '--routed', '--bridged', '--uplink', '--isolated', '--dhcp'],
    ...['--dry-run', '--json', '--state', '--help'],
  ],
  run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...CHANGING,
        subnet: { type: 'string' },
        subnet6: { type: 'string' },
        nat: { type: 'boolean' },
        routed: { type: 'boolean' },
        bridged: { type: 'boolean' },
        uplink: { type: 'string' },
        isolated: { type: 'boolean' },
        dhcp: { type: 'boolean' },
      },
    });
    const [name = ''] = operands('create', ['NAME'], positionals);
    const { subnet, subnet6, uplink, isolated = false, dhcp = false } = values;
    if (subnet === undefined)
      throw new CommandError(EXIT.usage, `network ${name}: no subnet given; add --subnet 10.0.42.0/24`);
    const [forward = 'none', second] = (['nat', 'routed', 'bridged'] as const).filter((each) => values[each]);
    if (second)
      throw new CommandError(EXIT.usage, `--${second}: either this or --${forward}; leave one away`);
    const outcome = speaking(() =>
      create(
        {
          ...{ name, subnet, isolated, dhcp, forward },
          ...(subnet6 !== undefined && { subnet6 }),
          ...(uplink !== undefined && { uplink }),
        },
        surroundings(values, context),
      ),
    );
    report(outcome, values, context, (changed) => {
      if (!changed || !outcome.network) return `network ${name}: there already, nothing to do\n`;
      if (forward === 'bridged') return `network ${name}: ${bridgeOf({ name })} with ${uplink}\n`;
      const { gateway, gateway6 } = publicView(outcome.network);
      return `network ${name}: ${bridgeOf({ name })} with ${gateway}${gateway6 === undefined ? '' : ` and ${gateway6}`}\n`;
    });
    return EXIT.ok;
  },
};
