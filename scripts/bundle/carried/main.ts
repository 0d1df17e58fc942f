// kittiwake-handbook: the bundle's one command.
import '../../setup/report-errors.ts';
import { parseArgs } from 'node:util';
import { optionsHelp } from '../../../labs/cli/options.ts';
import { askedOf, WORKSHOP_OPTIONS, WORKSHOP_OPTIONS_HELP } from '../../workshop/options.ts';
import { contents } from './home.ts';
import { labs, LAB_OPTIONS } from './labs.ts';
import { shell } from './machine.ts';
import { start, workshop } from './start.ts';

const HELP = `The Kittiwake handbook, with all that its labs need; without a network.

Usage: kittiwake-handbook start [--port N] [--plain] [--no-lab]
       kittiwake-handbook workshop [OPTIONS]
       kittiwake-handbook labs [OPTIONS] [LAB...]
       kittiwake-handbook vm shell
       kittiwake-handbook --version

Commands:
  start      serve the handbook at 127.0.0.1 until Ctrl-C; its pages run their steps in
             a virtual machine of the reader's own
  workshop   serve a room: attendees join by a code in their browsers, and each gets a
             virtual machine of their own
  labs       run labs, all or those named, as hvt/hello or hvt, in fresh VMs, and
             compare what they print with what the handbook says
  vm shell   a terminal in a fresh lab VM, where every command of the handbook works

Options of start:
  --port N   serve on this port (default 4321)
  --plain    serve by a plain server, not by the unikernel website
  --no-lab   no lab server: the pages only show the steps

Options of workshop:
${WORKSHOP_OPTIONS_HELP}

Options of labs:
${optionsHelp(LAB_OPTIONS)}

Examples:
  ./kittiwake-handbook start
  ./kittiwake-handbook start --port 8080
  ./kittiwake-handbook workshop --listen 192.168.1.20
  ./kittiwake-handbook labs hvt/hello
  ./kittiwake-handbook vm shell

Nothing is written into this folder. Results go to $XDG_STATE_HOME/kittiwake (else
~/.local/state/kittiwake); where there is KVM, the machine that is booted once, to
$XDG_CACHE_HOME/kittiwake (else ~/.cache/kittiwake).
`;

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65535) return port;
  throw new Error(`--port ${text}: it is no port; give a number from 1 to 65535`);
}

/** Whether it went well. */
async function main([command = '--help', ...args]: readonly string[]): Promise<boolean> {
  if (args.includes('--help') || command === '--help') {
    console.log(HELP.trimEnd());
  } else if (command === '--version') {
    console.log(`${contents.version} ${contents.commit}${contents.dirty ? ' changed' : ''}`);
  } else if (command === 'start') {
    const { values } = parseArgs({
      args,
      options: {
        port: { type: 'string', default: '4321' },
        plain: { type: 'boolean', default: false },
        'no-lab': { type: 'boolean', default: false },
      },
    });
    await start(portOf(values.port), values.plain, !values['no-lab']);
  } else if (command === 'workshop') {
    await workshop(askedOf(parseArgs({ args, options: WORKSHOP_OPTIONS }).values));
  } else if (command === 'labs') {
    const { values, positionals } = parseArgs({ args, options: LAB_OPTIONS, allowPositionals: true });
    return labs(positionals, values);
  } else if (command === 'vm' && args.join(' ') === 'shell') {
    await shell();
  } else {
    throw new Error(
      `${[command, ...args].join(' ')}: no such command; there are start, workshop, labs and vm shell, see --help`,
    );
  }
  return true;
}

if (!(await main(process.argv.slice(2)))) process.exitCode = 1;
