// netcheck's command line.
import { parseIpv6 } from '../../libos/args/ipv6';
import { parseIpv4, parseNumber } from '../../libos/args/parse';
import * as line from '../../libos/log/line';
import { helpNetwork, NetworkOptions } from '../../libos/shell/options';
import { SECOND } from '../../libos/time/duration';
import * as address from '../../libos/wire/address';
import { isServed } from './services';
import { parseTarget, parseTargetPort, Target } from './target';

/** The largest number of calls, and of seconds to wait for one. */
const COUNT_MAX: i32 = 1000000;
const TIMEOUT_MAX: i32 = 3600;

function help(): void {
  line.lines(`netcheck: answers ping; echo at UDP and TCP port 7, discard at 9, chargen at 19

Usage: netcheck [OPTIONS]

Calling others:
  --call=HOST:PORT         open a TCP connection, send a line, say what comes back
  --ping=HOST              send echo requests
  --count=N                do it so many times, a second apart (default 1)
  --timeout=SECONDS        wait so long for each answer (default 5)
  --dns=ADDRESS            ask this server for names (default: those that DHCP or
                           routers tell of)
  --exit                   then end: status 0, or 69 if an answer did not come
HOST is an address or a name; an IPv6 address before :PORT is in brackets.
`);
  helpNetwork();
  line.lines(`
With -l debug there is a line for each frame. It has one network device, service.

Examples:
  --ipv4=10.0.0.2/24 --ping=10.0.0.1 --count=3 --exit
  --dhcp --call=example.org:80
  --ipv6=fd00::2/64 --call=[fd00::3]:7`);
}

export class Options extends NetworkOptions {
  call: Target | null = null;
  ping: Target | null = null;
  count: u32 = 1;
  /** Nanoseconds. */
  timeout: u64 = 5 * SECOND;
  /** The server for names, 16 bytes; 0 if it is not given. */
  dns: usize = 0;
  /** Whether to end when all calls are over. */
  exits: bool = false;

  constructor() {
    super('netcheck');
  }

  readCalls(): void {
    const call = this.args.value('--call');
    if (call != null) {
      this.call = parseTargetPort(call);
      if (this.call == null) return this.refuse('--call', call, 'not a host and a port; write it as 10.0.0.1:7 or [fd00::1]:7');
    }
    const ping = this.args.value('--ping');
    if (ping != null) {
      this.ping = parseTarget(ping);
      if (this.ping == null) return this.refuse('--ping', ping, "not a host's address or name; write it as 10.0.0.1");
    }
    const server = this.args.value('--dns');
    if (server != null) {
      this.dns = heap.alloc(address.SIZE);
      const ipv4 = parseIpv4(server);
      if (ipv4 > 0) address.setIpv4(this.dns, <u32>ipv4);
      else if (!parseIpv6(server, this.dns)) return this.refuse('--dns', server, 'not an address; write it as 10.0.0.1');
    }
    this.count = this.number('--count', 1, COUNT_MAX);
    this.timeout = <u64>this.number('--timeout', 5, TIMEOUT_MAX) * SECOND;
    this.exits = this.args.flag('--exit');
    if (this.exits && call == null && ping == null) this.refuse('--exit', null, 'only with --call or --ping');
  }

  private number(option: string, otherwise: u32, max: i32): u32 {
    const text = this.args.value(option);
    if (text == null) return otherwise;
    const value = parseNumber(text, max);
    if (value <= 0) this.refuse(option, text, 'not a number from 1 to ' + max.toString());
    return <u32>value;
  }
}

export function readOptions(): Options {
  const options = new Options();
  if (options.args.flag('--help')) {
    help();
    options.exit = 0;
    return options;
  }
  options.read();
  if (isServed(options.metricsPort)) options.refuse('--metrics-port', null, 'a port of netcheck itself; take another one');
  options.readCalls();
  options.finish();
  return options;
}
