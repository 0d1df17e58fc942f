// An IPv4 address by DHCP: carries the client's messages, asks by ARP whether the address is free, and gives it to the interface.
import * as client from '../dhcp/client';
import * as events from '../dhcp/events';
import * as leases from '../dhcp/lease';
import { say } from '../dhcp/report';
import * as guest from '../guest';
import * as arp from '../iface/arp';
import { Stack } from '../iface/stack';
import * as logger from '../log/logger';
import { tcpOf } from '../socket/tcp';
import * as udp from '../socket/udp';
import * as address from '../wire/address';
import { MILLISECOND, NEVER } from '../time/duration';
import { NetworkOptions } from './options';

const CLIENT_PORT: u32 = 68;
const SERVER_PORT: u32 = 67;
/**
 * How often and how fast others are asked whether they have the address. RFC 5227, 2.1.1 takes three probes and five seconds for that; a
 * unikernel's neighbours are on its host or its switch and answer within a millisecond, and servers ask, too, before they offer.
 */
const PROBES: u32 = 3;
const PROBE_PAUSE: u64 = 100 * MILLISECOND;

/** The client; null if DHCP is not used. */
export let asked: client.Client | null = null;

let stack!: Stack;
let source: u32 = 0;
/** Index of (stack: Stack) => void, called when the interface has an address. */
let ready: u32 = 0;
/** Probes that were sent for the address we are about to take, and when the next is due. */
let probes: u32 = 0;
let probeAt: u64 = NEVER;

const message: usize = memory.data(548);
const from: usize = memory.data(16);
const to: usize = memory.data(16);

/** Begins to ask for an address; whenever the interface has a new one, the function of index `told` is called. */
export function start(on: Stack, options: NetworkOptions, told: u32): void {
  stack = on;
  ready = told;
  source = logger.source('dhcp');
  guest.random(message, 16);
  const name = String.UTF8.encode(options.name);
  const made = client.open(
    stack.mac,
    changetype<usize>(name),
    <u32>name.byteLength,
    load<u64>(message),
    load<u64>(message, 8),
  );
  made.report = happened.index;
  asked = made;
  udp.bind(CLIENT_PORT, receive.index, true);
  client.start(made, stack.now);
}

/** Gives up the address and stops asking. */
export function stop(): void {
  withdraw();
  asked = null;
  udp.bind(CLIENT_PORT, 0, false);
}

function receive(on: Stack, data: usize, size: u32, fromPort: u32): void {
  if (fromPort == SERVER_PORT) client.input(asked!, data, size, stack.now);
}

/** Does what is due; the moment at which it wants to be called again. */
export function turn(): u64 {
  const dhcp = asked;
  if (dhcp == null) return NEVER;
  if (probeAt != NEVER) probe(dhcp);
  while (true) {
    const size = client.poll(dhcp, stack.now, message, client.ROOM);
    if (size == 0) return min(dhcp.deadline, probeAt);
    address.setIpv4(from, dhcp.source);
    address.setIpv4(to, dhcp.destination);
    memory.copy(udp.data(stack, to), message, size);
    udp.send(stack, from, CLIENT_PORT, to, SERVER_PORT, size);
  }
}

/** Asks once more whether somebody has the address, or takes it when nobody said so. */
function probe(dhcp: client.Client): void {
  if (stack.candidate == 0) {
    probeAt = NEVER;
    return client.conflict(dhcp, stack.now);
  }
  if (stack.now < probeAt) return;
  if (probes < PROBES) {
    probes++;
    probeAt = stack.now + PROBE_PAUSE;
    return arp.probe(stack, stack.candidate);
  }
  probeAt = NEVER;
  stack.candidate = 0;
  configure(dhcp.lease, dhcp.lease.address);
  arp.announce(stack);
  call_indirect<void>(ready, stack);
}

/** Takes the address with what goes with it in a lease. Of the routes only the default one is used. */
function configure(lease: leases.Lease, address: u32): void {
  const mask = lease.prefix == 32 ? 0xffffffff : ~(<u32>0xffffffff >> lease.prefix);
  stack.setIpv4(address, mask, lease.routerCount > 0 ? load<u32>(lease.routers) : 0);
  stack.ipv4Mtu = lease.mtu == 0 ? stack.mtu : min(lease.mtu, stack.mtu);
}

/** The address is not ours any more: connections from it end without a word, since nothing may be sent from it (RFC 2131, 4.4.5). */
function withdraw(): void {
  probeAt = NEVER;
  stack.candidate = 0;
  if (stack.address == 0) return;
  address.setIpv4(from, stack.address);
  tcpOf(stack).abandon(from);
  stack.setIpv4(0, 0, 0);
}

function happened(dhcp: client.Client, event: u32): void {
  say(source, dhcp, event);
  switch (event) {
    case events.BOUND:
      stack.candidate = dhcp.lease.address;
      probes = 0;
      probeAt = stack.now;
      break;
    case events.RENEWED:
      if (stack.address != 0) configure(dhcp.lease, stack.address);
      break;
    case events.REFUSED:
    case events.EXPIRED:
    case events.DECLINED:
      withdraw();
      break;
  }
}
