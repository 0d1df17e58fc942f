// Connections end in order (RFC 9293, 3.6): our FIN is acknowledged, the peer's comes.
import { NEVER, SECOND } from '../../time/duration';
import {
  CLOSE_WAIT,
  CLOSING,
  Connection,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  LAST_ACK,
  PEER_CLOSED,
  READABLE,
} from './connection';
import { Tcp } from './state';
import { lingerEnd } from './timers';

/** Twice the life of a segment (RFC 9293, 3.4.2, says two minutes; everybody takes one). */
export const TIME_WAIT_LENGTH: u64 = 60 * SECOND;

/** Our FIN arrived. */
export function finAcknowledged(tcp: Tcp, connection: Connection): void {
  switch (connection.state) {
    case FIN_WAIT_1:
      connection.state = FIN_WAIT_2;
      connection.lingerAt = lingerEnd(connection);
      return;
    case CLOSING:
      return wait(tcp, connection);
    case LAST_ACK:
      return tcp.end(connection);
    default:
  }
}

function wait(tcp: Tcp, connection: Connection): void {
  connection.retransmitAt = NEVER;
  connection.ackAt = NEVER;
  connection.lingerAt = tcp.stack.now + TIME_WAIT_LENGTH;
  tcp.enterTimeWait(connection);
}

/** The peer sends no more. */
export function takeFin(tcp: Tcp, connection: Connection): void {
  connection.peerFin = true;
  connection.ackNow = true;
  connection.events |= PEER_CLOSED | READABLE;
  switch (connection.state) {
    case ESTABLISHED:
      connection.state = CLOSE_WAIT;
      return;
    case FIN_WAIT_1:
      connection.state = CLOSING;
      return;
    case FIN_WAIT_2:
      return wait(tcp, connection);
    default:
  }
}
