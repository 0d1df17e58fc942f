// The metrics every image with a network has. Counters are watched where they are; gauges that are narrower are copied when they are asked for.
import * as guest from '../guest';
import * as drop from '../iface/drop';
import { Fragments } from '../iface/fragments';
import { Ipv6 } from '../iface/ipv6-state';
import { Neighbours } from '../iface/neighbours';
import { Stack } from '../iface/stack';
import * as logger from '../log/logger';
import * as metrics from '../metrics/registry';
import { Tcp, tcpOf } from '../socket/tcp';
import * as dhcp from '../dhcp/client';
import * as mdns from '../dns/mdns';
import { SECOND } from '../time/duration';
import * as management from './management';
import * as ourDhcp from './dhcp';
import * as ourMdns from './mdns';
import * as network from './network';
import { NetworkOptions } from './options';
import * as syslog from './syslog';

/** Metrics there can be: about 90 of the network, 50 of a site. */
const CAPACITY: u32 = 192;
/** Gauges of 32 bits there can be. */
const GAUGES: u32 = 16;

let registry!: metrics.Registry;
/** The number and the address of each gauge. */
const gauges: usize = memory.data(128);
let gaugeCount: u32 = 0;
let memoryBytes: u32 = 0;

/** Shows the u64 at `at`, which only grows. */
export function counter(name: string, help: string, at: usize): void {
  metrics.watch(registry, metrics.register(registry, metrics.COUNTER, name, help), at);
}

/** The same for one of several counters of a name, told apart by `label`. */
export function labelled(name: string, help: string, label: string, value: string, at: usize): void {
  metrics.watch(registry, metrics.register(registry, metrics.COUNTER, name, help, [label, value]), at);
}

/** Shows the u32 at `at`. */
export function gauge(name: string, help: string, at: usize): void {
  assert(gaugeCount < GAUGES, 'the table of gauges is too small');
  store<u32>(gauges + gaugeCount * 8, metrics.register(registry, metrics.GAUGE, name, help));
  store<u32>(gauges + gaugeCount++ * 8, <u32>at, 4);
}

/** Shows `value`, which does not change. */
function constant(name: string, help: string, value: u64): void {
  metrics.set(registry, metrics.register(registry, metrics.GAUGE, name, help), value);
}

function refresh(): void {
  for (let i: u32 = 0; i < gaugeCount; i++) {
    metrics.set(registry, load<u32>(gauges + i * 8), load<u32>(load<u32>(gauges + i * 8, 4)));
  }
  metrics.set(registry, memoryBytes, (<u64>memory.size()) << 16);
}

/** Answers at the port that --metrics-port names. An image adds its own metrics afterwards. */
export function start(stack: Stack, options: NetworkOptions): void {
  registry = metrics.open(CAPACITY, options.image, options.name);
  constant('start_time_seconds', 'When the image started, since 1970', logger.time() / SECOND);
  constant('memory_limit_bytes', 'Memory that can be had', guest.memoryLimit());
  memoryBytes = metrics.register(registry, metrics.GAUGE, 'memory_bytes', 'Memory that was taken');
  registerLink(stack);
  registerTcp(tcpOf(stack));
  registerServices();
  assert(
    management.start(tcpOf(stack), options.metricsPort, registry, refresh.index),
    'too many TCP services',
  );
}

function registerLink(stack: Stack): void {
  const at = changetype<usize>(stack);
  counter('net_received_frames_total', 'Frames received', at + offsetof<Stack>('framesIn'));
  counter('net_sent_frames_total', 'Frames sent', at + offsetof<Stack>('framesOut'));
  counter('net_received_bytes_total', 'Bytes received', at + offsetof<Stack>('bytesIn'));
  counter('net_sent_bytes_total', 'Bytes sent', at + offsetof<Stack>('bytesOut'));
  counter('net_unsent_frames_total', 'Frames the device did not take', network.unsent);
  for (let i: u32 = 1; i < drop.REASONS; i++) {
    labelled('net_drops_total', 'Frames that went no further', 'reason', drop.label(i), stack.drops + i * 8);
  }
  counter(
    'net_conflicts_total',
    'Frames of others that claimed our address',
    at + offsetof<Stack>('conflicts'),
  );
  const neighbours = changetype<usize>(stack.neighbours);
  const evictions = 'Entries that gave way to others';
  labelled(
    'net_evictions_total',
    evictions,
    'table',
    'neighbours',
    neighbours + offsetof<Neighbours>('evicted'),
  );
  const fragments = changetype<usize>(stack.fragments);
  labelled(
    'net_evictions_total',
    evictions,
    'table',
    'fragments',
    fragments + offsetof<Fragments>('evicted'),
  );
  const ipv6 = changetype<usize>(stack.ipv6);
  counter('ipv6_duplicates_total', 'Our addresses that others have', ipv6 + offsetof<Ipv6>('duplicates'));
  counter(
    'ipv6_advertisements_total',
    'Router advertisements taken',
    ipv6 + offsetof<Ipv6>('advertisements'),
  );
  counter('ipv6_refused_total', 'Things routers said that found no room', ipv6 + offsetof<Ipv6>('refused'));
}

function registerTcp(tcp: Tcp): void {
  const at = changetype<usize>(tcp);
  gauge('tcp_connections', 'Connections now', at + offsetof<Tcp>('connections'));
  gauge('tcp_half_open', 'Connections that are being opened', at + offsetof<Tcp>('halfOpen'));
  gauge('tcp_time_wait', 'Connections in TIME-WAIT', at + offsetof<Tcp>('timeWaits'));
  gauge('tcp_free_bytes', 'Memory left for buffers', at + offsetof<Tcp>('memory'));
  counter('tcp_opened_total', 'Connections opened by us', at + offsetof<Tcp>('opened'));
  counter('tcp_accepted_total', 'Connections opened by others', at + offsetof<Tcp>('accepted'));
  counter('tcp_refused_total', 'Connections refused for want of room', at + offsetof<Tcp>('refused'));
  counter('tcp_received_segments_total', 'Segments received', at + offsetof<Tcp>('segmentsIn'));
  counter('tcp_sent_segments_total', 'Segments sent', at + offsetof<Tcp>('segmentsOut'));
  counter('tcp_resent_segments_total', 'Segments sent again', at + offsetof<Tcp>('resent'));
  counter('tcp_timeouts_total', 'Retransmission timeouts', at + offsetof<Tcp>('timeouts'));
  counter('tcp_received_resets_total', 'Resets received', at + offsetof<Tcp>('resetsIn'));
  counter('tcp_sent_resets_total', 'Resets sent', at + offsetof<Tcp>('resetsOut'));
  counter('tcp_sent_cookies_total', 'SYN cookies sent', at + offsetof<Tcp>('cookiesSent'));
  counter(
    'tcp_taken_cookies_total',
    'Connections opened by a SYN cookie',
    at + offsetof<Tcp>('cookiesTaken'),
  );
  counter('tcp_challenges_total', 'Segments answered by a challenge', at + offsetof<Tcp>('challenges'));
}

function registerServices(): void {
  counter('management_answers_total', 'Requests answered here', management.answered);
  counter('management_refused_total', 'Clients turned away here', management.refused);
  counter('syslog_sent_total', 'Lines sent to the syslog server', syslog.sent);
  counter('syslog_dropped_total', 'Lines that could not be sent', syslog.dropped);
  if (ourDhcp.asked != null) {
    const at = changetype<usize>(ourDhcp.asked);
    counter('dhcp_sent_total', 'DHCP messages sent', at + offsetof<dhcp.Client>('sent'));
    counter('dhcp_received_total', 'DHCP messages taken', at + offsetof<dhcp.Client>('received'));
    counter('dhcp_ignored_total', 'DHCP messages ignored', at + offsetof<dhcp.Client>('dropped'));
  }
  if (ourMdns.responder != null) {
    const at = changetype<usize>(ourMdns.responder);
    counter('mdns_sent_total', 'Multicast DNS messages sent', at + offsetof<mdns.Responder>('sent'));
    counter('mdns_questions_total', 'Questions about our name', at + offsetof<mdns.Responder>('asked'));
    counter('mdns_malformed_total', 'Malformed messages', at + offsetof<mdns.Responder>('malformed'));
  }
}
