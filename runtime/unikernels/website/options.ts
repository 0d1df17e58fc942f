// website's command line.
import * as line from '../../libos/log/line';
import { helpNetwork, NetworkOptions } from '../../libos/shell/options';

const HTTP: u32 = 80;

export class Options {
  network: NetworkOptions = new NetworkOptions('website');
  port: u32 = HTTP;
  logsAccess: bool = true;
}

function help(): void {
  line.lines(`website: serves the files of a tar archive by HTTP/1.1

Usage: website [OPTIONS]

  --port=PORT              where it is served (default 80)
  --no-access-log          print no line for each request
`);
  helpNetwork();
  line.line('');
  line.line('It has one network device, service, and one block device, data, with the archive.');
}

export function readOptions(): Options {
  const options = new Options();
  const network = options.network;
  if (network.args.flag('--help')) {
    help();
    network.exit = 0;
    return options;
  }
  options.logsAccess = !network.args.flag('--no-access-log');
  options.port = network.port('--port', HTTP);
  if (network.exit < 0) network.read();
  if (network.metricsPort == options.port)
    network.refuse('--metrics-port', null, 'the same as --port; take another one');
  network.finish();
  return options;
}
