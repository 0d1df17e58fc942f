// hello: prints its arguments and ends with the status it is told. The smallest whole image.
import { commandLine } from '../../libos/args/args';
import { parseNumber } from '../../libos/args/parse';
import * as out from '../../libos/log/line';

/** EX_USAGE of sysexits(3). */
const USAGE = 64;

function help(): i32 {
  out.line('hello: prints its arguments');
  out.line('');
  out.line('Usage: hello [--exit=N] [WORDS]');
  out.line('');
  out.line('  --exit=N   end with exit status N, 0 to 255 (default 0)');
  out.line('  --help     show this text');
  return 0;
}

export function main(): i32 {
  const args = commandLine();
  if (args.flag('--help')) return help();
  let status = 0;
  const exit = args.value('--exit');
  if (exit != null) {
    status = parseNumber(exit, 255);
    if (status < 0) {
      out.line("hello: --exit '" + exit + "': not a number from 0 to 255");
      return USAGE;
    }
  }
  const unknown = args.leftOver(true);
  if (unknown != null) {
    out.line("hello: '" + unknown + "': unknown option; --help lists them");
    return USAGE;
  }
  const words = args.rest();
  out.line(words.length > 0 ? words : 'Hello from a unikernel.');
  return status;
}
