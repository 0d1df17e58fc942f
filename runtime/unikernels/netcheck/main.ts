// netcheck: answers ARP, ICMP echo, and UDP echo (RFC 862) on port 7; the first thing to run on a new tap.
import * as guest from '../../libos/guest';
import * as interfaces from '../../libos/iface/interface';
import * as level from '../../libos/log/level';
import * as out from '../../libos/log/line';
import * as ethernet from '../../libos/wire/ethernet';
import { readOptions } from './options';
import { describe } from './describe';

const ECHO_PORT: u32 = 7;
const FOREVER: u64 = u64.MAX_VALUE / 2;
/** Ends the image when its device is gone: nothing it could do would bring it back. */
const DEVICE_FAILED: i32 = 1;

function echo(data: usize, size: u32, answer: usize): i32 {
  memory.copy(answer, data, size);
  return <i32>size;
}

export function main(): i32 {
  const options = readOptions();
  if (options.exit >= 0) return options.exit;

  const name = String.UTF8.encode('service');
  const handle = guest.netFind(changetype<usize>(name), <u32>name.byteLength);
  assert(handle != 0, 'the manifest declares no device called service');
  const network = new interfaces.Interface(options.address, options.gateway);
  guest.netMac(handle, network.mac);
  network.onUdp(ECHO_PORT, echo);

  if (options.level >= level.INFO) {
    out.text('netcheck: ready: ');
    out.ipv4(options.address.address);
    out.text('/');
    out.number(options.address.prefix);
    out.text(', MAC ');
    out.mac(network.mac);
    if (options.gateway != 0) {
      out.text(', gateway ');
      out.ipv4(options.gateway);
    }
    out.end();
  }
  return serve(handle, network, options.level >= level.DEBUG);
}

/** Answers frames until the device fails. */
function serve(handle: u32, network: interfaces.Interface, verbose: bool): i32 {
  const room = ethernet.HEADER + guest.netMtu(handle);
  const frame = heap.alloc(room);
  const answer = heap.alloc(room + ethernet.HEADER);
  while (true) {
    guest.poll(FOREVER);
    // All that is there, so that a burst costs one poll.
    while (true) {
      const size = guest.netRead(handle, frame, room);
      if (size < 0) {
        out.line('netcheck: the network device failed; is the tap gone?');
        return DEVICE_FAILED;
      }
      if (size == 0) break;
      const answered = network.receive(frame, <u32>size, answer);
      if (verbose) describe(network, frame, <u32>size);
      if (answered > 0 && guest.netWrite(handle, answer, answered) != 0) {
        out.line('netcheck: an answer could not be sent');
      }
    }
  }
}
