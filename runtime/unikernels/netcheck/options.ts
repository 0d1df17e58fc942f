// netcheck's command line.
import { commandLine } from '../../libos/args/args';
import { parseCidr, parseIpv4 } from '../../libos/args/parse';
import * as level from '../../libos/log/level';
import * as out from '../../libos/log/line';
import { Cidr } from '../../libos/wire/cidr';

/** EX_USAGE of sysexits(3). */
export const USAGE: i32 = 64;

export class Options {
  address: Cidr = new Cidr(0, 32);
  gateway: u32 = 0;
  level: u32 = level.INFO;
  /** The exit status if there is nothing to run: help was printed, or a line that says what is wrong; -1 to run. */
  exit: i32 = -1;
}

function help(): void {
  out.line('netcheck: answers ping, and echoes UDP at port 7');
  out.line('');
  out.line('Usage: netcheck [OPTIONS]');
  out.line('');
  out.line('  --ipv4=ADDRESS/PREFIX    its address (default 10.0.0.2/24)');
  out.line('  --ipv4-gateway=ADDRESS   who takes what is for other networks (default none)');
  out.line('  -l LEVEL                 error, warning, info or debug (default info);');
  out.line('                           debug prints a line for each frame');
  out.line('  --help                   show this text');
  out.line('');
  out.line('It has one network device, service.');
}

/** Says what is wrong with the command line, and what would be right. */
function refuse(options: Options, option: string, value: string | null, remedy: string): Options {
  out.text('netcheck: ');
  out.text(option);
  if (value != null) out.text(" '" + value + "'");
  out.text(': ');
  out.line(remedy);
  options.exit = USAGE;
  return options;
}

export function readOptions(): Options {
  const options = new Options();
  const args = commandLine();
  if (args.flag('--help')) {
    help();
    options.exit = 0;
    return options;
  }
  const ipv4 = args.value('--ipv4');
  const address = parseCidr(ipv4 == null ? '10.0.0.2/24' : ipv4);
  if (address == null) {
    return refuse(options, '--ipv4', ipv4, "not a host's address with a prefix; write it as 10.0.0.2/24");
  }
  options.address = address;
  const via = args.value('--ipv4-gateway');
  if (via != null) {
    const gateway = parseIpv4(via);
    if (gateway <= 0) return refuse(options, '--ipv4-gateway', via, 'not an address; write it as 10.0.0.1');
    options.gateway = <u32>gateway;
    if (options.gateway == address.address || !address.hasHost(options.gateway)) {
      return refuse(options, '--ipv4-gateway', via, 'not another host in the network of --ipv4');
    }
  }
  const name = args.value('-l');
  if (name != null) options.level = level.levelOf(name);
  if (options.level == level.UNKNOWN) {
    return refuse(options, '-l', name, 'not a level; take error, warning, info or debug');
  }
  const unknown = args.leftOver(false);
  if (unknown != null) return refuse(options, unknown, null, 'unknown; --help lists the options');
  return options;
}
