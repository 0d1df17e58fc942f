// --call: opens a TCP connection, sends a line, and says what came back and how long that took.
import * as out from '../../libos/log/line';
import { Stack } from '../../libos/iface/stack';
import * as tcp from '../../libos/socket/tcp';
import { Errand, milliseconds } from './errand';
import { Options } from './options';
import { Target } from './target';

const HELLO = String.UTF8.encode('Hello from netcheck.\r\n');
/** Bytes of the answer that are shown. */
const SHOWN: u32 = 80;
const LF: u32 = 0x0a;
const CR: u32 = 0x0d;

export class Call extends Errand {
  private connection: tcp.Connection | null = null;
  private connectedAt: u64 = 0;
  private answer: usize = heap.alloc(SHOWN);

  constructor(target: Target, stack: Stack, options: Options, source: u32) {
    super('call', target, stack, options, source);
  }

  attempt(to: usize): void {
    this.connection = tcp.connect(tcp.tcpOf(this.stack), to, this.target.port, happened.index, changetype<usize>(this));
    if (this.connection == null) this.failure('no room for one more connection');
  }

  abandon(): void {
    const connection = this.connection;
    this.connection = null;
    if (connection != null) tcp.abort(tcp.tcpOf(this.stack), connection);
  }

  /** What TCP has to say of `connection`. */
  take(sockets: tcp.Tcp, connection: tcp.Connection, events: u32): void {
    if (this.connection != connection) {
      // Answered or given up: the peer's end is waited for, and nothing else.
      if (!(events & tcp.ENDED)) tcp.consume(sockets, connection, connection.readable);
      return;
    }
    if (events & tcp.ENDED) {
      this.connection = null;
      const refused = this.connectedAt < this.began;
      if (events & tcp.RESET) return this.failure(refused ? 'refused: nobody listens at the port' : 'reset by the peer');
      return this.failure('no answer in time');
    }
    if (events & tcp.CONNECTED) {
      this.connectedAt = this.stack.now;
      tcp.write(sockets, connection, changetype<usize>(HELLO), <u32>HELLO.byteLength);
    }
    const size = this.gather(connection);
    const whole = size < min(connection.readable, SHOWN) || size == SHOWN || connection.peerFin;
    if (!whole) return;
    this.say(size, connection.readable == 0);
    this.connection = null;
    tcp.consume(sockets, connection, connection.readable);
    tcp.close(sockets, connection);
    this.ended();
  }

  /** Copies the first line of what came, or what there is of it; its size. */
  private gather(connection: tcp.Connection): u32 {
    let size: u32 = 0;
    for (const most = min(connection.readable, SHOWN); size < most; size++) {
      const byte = load<u8>(connection.inbox.at(connection.read + size));
      if (byte == LF || byte == CR) break;
      store<u8>(this.answer + size, byte);
    }
    return size;
  }

  private say(size: u32, silent: bool): void {
    if (!this.success()) return;
    out.text('connected in ');
    milliseconds(this.connectedAt - this.began);
    if (silent) return out.line(', closed without an answer');
    out.text(", answered '");
    out.bytes(this.answer, size);
    out.text("' in ");
    milliseconds(this.stack.now - this.connectedAt);
    out.end();
  }
}

function happened(sockets: tcp.Tcp, connection: tcp.Connection, events: u32): void {
  changetype<Call>(connection.user).take(sockets, connection, events);
}
