// The options that every image with a network takes, as MirageOS's images take them, and what is wrong with them in words.
import { Args, commandLine } from '../args/args';
import { parseIpv6, parseIpv6Cidr } from '../args/ipv6';
import { parseCidr, parseIpv4, parseNumber } from '../args/parse';
import * as logger from '../log/logger';
import * as out from '../log/line';
import * as address from '../wire/address';
import { Cidr } from '../wire/cidr';

/** EX_USAGE of sysexits(3). */
export const USAGE: i32 = 64;
/** The image is to run. */
export const RUN: i32 = -1;

const DEFAULT_ADDRESS = '10.0.0.2/24';
/** Where syslog servers listen (RFC 5426, 3.3). */
const SYSLOG_PORT: u32 = 514;

export class NetworkOptions {
  /** The image's name, for messages. */
  image: string;
  args: Args;
  /** RUN, or the status to exit with: help was printed, or a line that says what is wrong. */
  exit: i32 = RUN;

  /** Our IPv4 address; null without one. */
  ipv4: Cidr | null = null;
  gateway: u32 = 0;
  dhcp: bool = false;
  /** Our fixed IPv6 address, 16 bytes, and its prefix; 0 without one. Automatic addresses come besides. */
  ipv6: usize = heap.alloc(address.SIZE);
  ipv6Prefix: u32 = 0;
  ipv6Gateway: usize = heap.alloc(address.SIZE);
  hasIpv6Gateway: bool = false;
  /** Whether IPv6 is spoken at all. */
  usesIpv6: bool = true;
  /** The VLAN to live in, 0 for untagged frames. */
  vlan: u32 = 0;
  /** The name to be announced and to be sent to DHCP servers; '' for none. */
  name: string = '';
  /** Where log lines go besides the console; 16 bytes. */
  syslog: usize = heap.alloc(address.SIZE);
  syslogPort: u32 = 0;
  /** Where metrics can be read; 0 for nowhere. */
  metricsPort: u32 = 0;

  constructor(image: string) {
    this.image = image;
    this.args = commandLine();
  }

  /** Says what is wrong with an option, and what would be right. */
  refuse(option: string, value: string | null, remedy: string): void {
    out.text(this.image + ': ');
    out.text(option);
    if (value != null) out.text(" '" + value + "'");
    out.text(': ');
    out.line(remedy);
    this.exit = USAGE;
  }

  /** Takes the options of the network. */
  read(): void {
    this.readLog();
    if (this.exit == RUN) this.readIpv4();
    if (this.exit == RUN) this.readIpv6();
    if (this.exit == RUN) this.readServices();
  }

  /** To be called when every option was asked for: what is left is wrong. */
  finish(): void {
    const unknown = this.args.leftOver(false);
    if (this.exit == RUN && unknown != null) this.refuse(unknown, null, 'unknown; --help lists the options');
  }

  /** The port called `option`; `otherwise` if it is not given. */
  port(option: string, otherwise: u32): u32 {
    const text = this.args.value(option);
    if (text == null) return otherwise;
    const port = parseNumber(text, 65535);
    if (port <= 0) this.refuse(option, text, 'not a port; take a number from 1 to 65535');
    return <u32>port;
  }

  private readLog(): void {
    const level = this.args.value('-l');
    if (level == null) return;
    const wrong = logger.configure(level);
    if (wrong != '') this.refuse('-l', null, wrong);
  }

  private readIpv4(): void {
    this.dhcp = this.args.flag('--dhcp');
    const only6 = this.args.flag('--ipv6-only');
    const text = this.args.value('--ipv4');
    if (text != null && (this.dhcp || only6)) {
      const other = this.dhcp ? '--dhcp' : '--ipv6-only';
      return this.refuse('--ipv4', text, 'either this or ' + other + '; leave one away');
    }
    if (this.dhcp && only6) return this.refuse('--dhcp', null, 'either this or --ipv6-only; leave one away');
    if (!this.dhcp && !only6) {
      const parsed = parseCidr(text != null ? text : DEFAULT_ADDRESS);
      if (parsed == null) return this.refuse('--ipv4', text, "not a host's address with a prefix; write it as 10.0.0.2/24");
      this.ipv4 = parsed;
    }
    const via = this.args.value('--ipv4-gateway');
    if (via == null) return;
    const own = this.ipv4;
    if (own == null) return this.refuse('--ipv4-gateway', via, 'only with --ipv4');
    const gateway = parseIpv4(via);
    if (gateway <= 0) return this.refuse('--ipv4-gateway', via, 'not an address; write it as 10.0.0.1');
    this.gateway = <u32>gateway;
    if (this.gateway == own.address || !own.hasHost(this.gateway)) {
      this.refuse('--ipv4-gateway', via, 'not another host in the network of --ipv4');
    }
  }

  private readIpv6(): void {
    this.usesIpv6 = !this.args.flag('--ipv4-only');
    const text = this.args.value('--ipv6');
    if (text != null) {
      if (!this.usesIpv6) return this.refuse('--ipv6', text, 'either this or --ipv4-only; leave one away');
      this.ipv6Prefix = parseIpv6Cidr(text, this.ipv6);
      if (this.ipv6Prefix == 0) {
        return this.refuse('--ipv6', text, "not a host's address with a prefix; write it as 2001:db8::2/64");
      }
    }
    const via = this.args.value('--ipv6-gateway');
    if (via == null) return;
    this.hasIpv6Gateway = this.usesIpv6 && parseIpv6(via, this.ipv6Gateway);
    if (!this.hasIpv6Gateway) this.refuse('--ipv6-gateway', via, 'not an address; write it as fe80::1');
  }

  private readServices(): void {
    const name = this.args.value('--name');
    if (name != null) {
      if (!isLabel(name)) return this.refuse('--name', name, 'not a host name; take up to 63 letters, digits and hyphens');
      this.name = name;
    }
    const vlan = this.args.value('--vlan');
    if (vlan != null) {
      const id = parseNumber(vlan, 4094);
      if (id <= 0) return this.refuse('--vlan', vlan, 'not a VLAN; take a number from 1 to 4094');
      this.vlan = <u32>id;
    }
    this.metricsPort = this.port('--metrics-port', 0);
    const server = this.args.value('--syslog');
    if (server == null || this.exit != RUN) return;
    const ipv4 = parseIpv4(server);
    this.syslogPort = SYSLOG_PORT;
    if (ipv4 > 0) address.setIpv4(this.syslog, <u32>ipv4);
    else if (!parseIpv6(server, this.syslog)) this.refuse('--syslog', server, 'not an address; write it as 10.0.0.1');
  }
}

/** Whether `name` is one label of a host name (RFC 1123, 2.1). */
function isLabel(name: string): bool {
  if (name.length == 0 || name.length > 63 || name.startsWith('-') || name.endsWith('-')) return false;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    const letter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a;
    if (!letter && !(c >= 0x30 && c <= 0x39) && c != 0x2d) return false;
  }
  return true;
}

/** Prints the part of --help that is about the network. */
export function helpNetwork(): void {
  out.lines(`Network:
  --ipv4=ADDRESS/PREFIX    its address (default 10.0.0.2/24)
  --ipv4-gateway=ADDRESS   who takes what is for other networks (default none)
  --dhcp                   ask a DHCP server for an address instead
  --ipv6=ADDRESS/PREFIX    an IPv6 address besides those that routers announce
  --ipv6-gateway=ADDRESS   who takes IPv6 for other networks (default: who says so)
  --ipv4-only, --ipv6-only use this version of IP alone (default both)
  --vlan=ID                live in this VLAN: take and send only frames with its tag
  --name=NAME              announce NAME.local by multicast DNS, tell DHCP servers

Looking at it:
  -l LEVEL, -l SOURCE:LEVEL,...
                           quiet, error, warning, info (default) or debug
  --syslog=ADDRESS         send the log to this syslog server, too, by UDP
  --metrics-port=PORT      answer /metrics (Prometheus) and /influx at this port
  --help                   show this text`);
}
