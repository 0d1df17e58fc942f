// kittiwake doctor: whether this host can run unikernels, where their packets are lost, and what to do about it.
import type { Command, Context } from '../command.ts';
import { parseDoctor } from '../doctor-request.ts';
import { CommandError, EXIT } from '../errors.ts';
import { examine } from '../examine.ts';
import { hasFailed, inJson, inWords } from '../../doctor/report.ts';

const HELP = `Check whether this host can run unikernels, find where packets are lost, and say
what mends it.

Usage: kittiwake doctor [--json]
       kittiwake doctor NETWORK [--tap TAP] [--reach ADDRESS] [--json]
       kittiwake doctor ADDRESS [--gateway ADDRESS]
                        [--reach ADDRESS [--routed]] [--json]
       kittiwake doctor --tap TAP [--address ADDRESS] [--gateway ADDRESS]
                        [--reach ADDRESS [--routed]] [--json]
       kittiwake doctor [RUN-OPTIONS] IMAGE [RUN-OPTIONS] [--json] [-- WORDS]

Without arguments it looks at the host: processor, KVM, devices, programs,
images, versions, disk, forwarding, firewall, name servers.

With a network of 'kittiwake net', with the address of a unikernel that you do
not reach, or with a tap, it walks the way of a packet, from the unikernel over
tap, bridge and host to the outside and back, and asks at each hop: by ping, by
the kernel's own choice of a route, and by reading the firewall's rules as the
kernel would. With an image and the options that 'kittiwake run' would get it
says whether that would start.

It changes nothing, and each ✗ has the command that mends it. It needs no root;
what only root may see it marks with ?.

Options:
  --tap TAP           the tap of the unikernel; in NETWORK, only that one
  --address ADDRESS   the unikernel's address; without it, what the unikernel
                      was told on its command line
  --gateway ADDRESS   the host's address that the unikernel has as its gateway
  --reach ADDRESS     go on beyond the host, to this address
  --routed            others know the way back to the unikernel: it needs no NAT
  --state FOLDER      look for networks there instead of in
                      /var/lib/kittiwake/networks
  --json              write one JSON object instead of text
  --help              show this text

Exit status: 0 when nothing failed, 69 when something did, 64 (usage), 65 or 66
(no such image or network).

Examples:
  kittiwake doctor
  sudo kittiwake doctor web --reach 192.0.2.2
  sudo kittiwake doctor 10.0.0.2
  sudo kittiwake doctor --tap tap100 --address 10.0.0.2
  sudo kittiwake doctor --tap tap100 --address 10.0.0.2 --reach 192.0.2.2
  kittiwake doctor --net:service=tap100 netcheck.spt -- --ipv4=10.0.0.2/24
  kittiwake doctor --json
`;

export const doctor: Command = {
  help: HELP,
  options: [
    ...['--tap', '--address', '--gateway', '--reach', '--routed'],
    ...['--net:', '--block:', '--block-ro:', '--state', '--json', '--help'],
  ],
  takesImage: true,
  async run(args, context: Context) {
    const request = parseDoctor(args);
    const { out, colour } = context;
    const sections = await examine(request, context);
    if (sections.length === 0)
      throw new CommandError(
        EXIT.noImage,
        `the network has no tap; 'kittiwake net tap add' makes one for a unikernel`,
      );
    out(request.json ? inJson(sections) : inWords(sections, colour));
    return hasFailed(sections) ? EXIT.unavailable : EXIT.ok;
  },
};
