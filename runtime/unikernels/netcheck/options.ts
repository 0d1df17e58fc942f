// netcheck's command line.
import * as line from '../../libos/log/line';
import { helpNetwork, NetworkOptions } from '../../libos/shell/options';
import { isServed } from './services';

function help(): void {
  line.lines(`netcheck: answers ping; echo at UDP and TCP port 7, discard at 9, chargen at 19

Usage: netcheck [OPTIONS]
`);
  helpNetwork();
  line.line('');
  line.line('With -l debug there is a line for each frame. It has one network device, service.');
}

export function readOptions(): NetworkOptions {
  const options = new NetworkOptions('netcheck');
  if (options.args.flag('--help')) {
    help();
    options.exit = 0;
    return options;
  }
  options.read();
  if (isServed(options.metricsPort)) options.refuse('--metrics-port', null, 'a port of netcheck itself; take another one');
  options.finish();
  return options;
}
