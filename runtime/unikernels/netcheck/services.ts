// The small services that every Unix once had, to try a network with: echo (RFC 862) over UDP and TCP, discard (RFC 863) and the
// character generator (RFC 864) over TCP.
import * as guest from '../../libos/guest';
import * as drop from '../../libos/iface/drop';
import { Stack } from '../../libos/iface/stack';
import * as tcp from '../../libos/socket/tcp';
import * as udp from '../../libos/socket/udp';

const ECHO: u32 = 7;
const DISCARD: u32 = 9;
const CHARGEN: u32 = 19;

/** Lines of the character generator: each begins one character later, and after 95 of them it is the first again. */
const LINE: u32 = 74;
const LINES: u32 = 95;
const pattern: usize = memory.data(7030);

/** Whether there is a service at the TCP port `port`. */
export function isServed(port: u32): bool {
  return port == ECHO || port == DISCARD || port == CHARGEN;
}

export function start(stack: Stack): void {
  const sockets = tcp.tcpOf(stack);
  // Half of the memory is for the buffers of connections; the other half is for everything else.
  sockets.memory = guest.memoryLimit() / 2;
  for (let row: u32 = 0; row < LINES; row++) {
    const at = pattern + row * LINE;
    for (let column: u32 = 0; column < LINE - 2; column++) store<u8>(at + column, 0x20 + ((row + column) % 95));
    store<u16>(at, 0x0a0d, LINE - 2);
  }
  udp.bind(ECHO, echoDatagram.index, false);
  sockets.listen(ECHO, echo.index);
  sockets.listen(DISCARD, discard.index);
  sockets.listen(CHARGEN, generate.index);
}

function echoDatagram(stack: Stack, data: usize, size: u32, fromPort: u32): void {
  if (fromPort == ECHO) return stack.drop(drop.SENDER); // two such services would answer each other for ever
  memory.copy(udp.data(stack, stack.from), data, size);
  udp.send(stack, stack.to, ECHO, stack.from, fromPort, size);
}

/** Sends back what comes, as fast as it is taken; then closes when the peer does, or the image is to end. */
function echo(sockets: tcp.Tcp, connection: tcp.Connection, events: u32): void {
  if (events & tcp.ENDED) return;
  while (true) {
    const size = min(tcp.readRun(connection), tcp.room(sockets, connection));
    if (size == 0) break;
    tcp.write(sockets, connection, tcp.readAt(connection), size);
    tcp.consume(sockets, connection, size);
  }
  if ((connection.peerFin && connection.readable == 0) || events & tcp.STOPPING) tcp.close(sockets, connection);
}

function discard(sockets: tcp.Tcp, connection: tcp.Connection, events: u32): void {
  if (events & tcp.ENDED) return;
  tcp.consume(sockets, connection, connection.readable);
  if (connection.peerFin || events & tcp.STOPPING) tcp.close(sockets, connection);
}

/** Sends for as long as the peer takes it; what comes is thrown away. `user` is the place in the pattern. */
function generate(sockets: tcp.Tcp, connection: tcp.Connection, events: u32): void {
  if (events & tcp.ENDED) return;
  if (connection.readable != 0) tcp.consume(sockets, connection, connection.readable);
  if (connection.peerFin || events & tcp.STOPPING) return tcp.close(sockets, connection);
  while (true) {
    const size = min(tcp.room(sockets, connection), LINE * LINES - <u32>connection.user);
    if (size == 0) break;
    connection.user += tcp.write(sockets, connection, pattern + connection.user, size);
    if (connection.user == LINE * LINES) connection.user = 0;
  }
}
