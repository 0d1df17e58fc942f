// Everything that doctor can find, by the word it has in --json: at which check or hop, what it means, and the page of the handbook that explains it.
// The reference page's table is compared with this one.

export interface Cause {
  /** The check of the host, or the hop of the packet's way. */
  readonly check: string;
  readonly means: string;
  readonly page: string;
}

const KVM = '/hvt/without-kvm/';
const REFUSED = '/networking/refusals/';
const BRIDGE = '/networking/bridge/';
const MANAGED = '/networking/managed/';
const IMAGES = '/hvt/refusals/';
const SILENT = '/troubleshooting/no-answer/';
const NO_WAY_OUT = '/troubleshooting/no-way-out/';
const SELF = '/reference/doctor/';

const cause = (check: string, means: string, page: string): Cause => ({ check, means, page });

export const CAUSES = {
  'processor-other': cause('processor', 'the host is not Linux on x86_64', '/reference/limits/'),
  'kvm-missing': cause('kvm', 'there is no `/dev/kvm`', KVM),
  'kvm-forbidden': cause('kvm', 'you may not open `/dev/kvm`', KVM),
  'kvm-busy': cause('kvm', 'another hypervisor holds the processor', KVM),
  'kvm-emulating': cause('kvm', '`/dev/kvm` interprets guest code instead of running it', KVM),
  'kvm-unsupported': cause('kvm', 'KVM lacks what the tender needs', KVM),
  'tun-missing': cause('tun', 'there is no `/dev/net/tun`', REFUSED),
  'tun-forbidden': cause('tun', 'you may not open `/dev/net/tun`', REFUSED),
  'usernet-missing': cause('usernet', 'libslirp is missing, or its helper', '/networking/rootless/'),
  'images-altered': cause('images', 'a prebuilt image is missing or is not the published one', IMAGES),
  'versions-mixed': cause(
    'versions',
    'command and tenders are of different builds',
    '/troubleshooting/versions/',
  ),
  'disk-full': cause('disk', 'the disk is almost full', SELF),
  'resolver-silent': cause('dns', 'a name server of the host’s does not answer', NO_WAY_OUT),
  'tools-missing': cause('tools', 'a program that networks are made with is missing', SELF),

  'image-unusable': cause('image', 'the image cannot be read, is none, or has no tender here', IMAGES),
  'device-missing': cause('image', 'the manifest wants a device that was not given', IMAGES),
  'device-undeclared': cause('image', 'a device was given that the manifest does not name', IMAGES),
  'block-missing': cause(
    'image',
    'the file of a block device is not there, or not yours to open',
    '/hvt/disks/',
  ),

  'tap-missing': cause('tap', 'there is no such interface', REFUSED),
  'tap-not-tap': cause('tap', 'the interface is not a tap', REFUSED),
  'tap-queues': cause('tap', 'the tap was made with `multi_queue`', REFUSED),
  'tap-down': cause('tap', 'the tap is not up', REFUSED),
  'tap-owner': cause('tap', 'the tap belongs to another user', REFUSED),
  'tap-busy': cause('tap', 'another process holds the tap', REFUSED),
  'guest-absent': cause('guest', 'no unikernel is behind the tap', SILENT),
  'guest-address': cause('guest', 'the unikernel was started with another address', SILENT),
  'guest-duplicate': cause('guest', 'two unikernels have the address', BRIDGE),
  'guest-silent': cause('guest', 'nobody answers at the address', SILENT),
  'guest-gateway': cause('guest', 'the unikernel has no gateway, or a wrong one', NO_WAY_OUT),
  'bridge-missing': cause('bridge', 'the bridge is not there', MANAGED),
  'bridge-down': cause('bridge', 'the bridge is not up', BRIDGE),
  'bridge-not-joined': cause('bridge', 'the tap is not a port of the bridge', BRIDGE),
  'bridge-state': cause('bridge', 'the port does not forward', BRIDGE),
  'bridge-mtu': cause('bridge', 'ports of the bridge have different MTUs', BRIDGE),
  'bridge-netfilter': cause('bridge', 'the forward chain drops what is bridged', BRIDGE),
  'host-address': cause('host', 'the host has no address in the unikernel’s subnet', SILENT),
  'address-on-port': cause('host', 'the address is on the tap instead of on its bridge', BRIDGE),
  'host-route': cause('host', 'a route leads elsewhere', SILENT),
  'forward-off': cause('forward', 'the host does not forward', NO_WAY_OUT),
  'forward-drop': cause('forward', 'a firewall drops what is forwarded', NO_WAY_OUT),
  'nat-missing': cause('nat', 'packets leave with an address that nobody outside knows', NO_WAY_OUT),
  'uplink-down': cause('uplink', 'the interface that leads outside is down', MANAGED),
  'uplink-route': cause('uplink', 'there is no route to the outside', NO_WAY_OUT),
  'uplink-other': cause('uplink', 'the route leads by another interface than the network’s uplink', MANAGED),
  'uplink-silent': cause('uplink', 'nobody answers beyond the host', SELF),
  'reply-drop': cause('reply', 'a firewall drops the answer', NO_WAY_OUT),
  'reply-filtered': cause('reply', 'strict reverse path filtering drops the answer', SELF),
  'reply-large': cause('reply', 'small packets pass, large ones do not', BRIDGE),
  'dns-silent': cause('dns', 'the server that the unikernel asks for names does not answer', NO_WAY_OUT),
  'network-altered': cause('network', 'the host is not as the network was written down', MANAGED),
  'dhcp-stopped': cause('dhcp', 'the network’s DHCP and DNS server does not run', '/networking/dhcp/'),
} as const satisfies Readonly<Record<string, Cause>>;

export type CauseName = keyof typeof CAUSES;
