// HTTP over TCP: hands bytes to and fro between a site's clients and their connections. Nothing is copied in between: requests are
// parsed where TCP put them, answers are written to where TCP sends them from.
import * as http from '../http/server';
import * as tcp from '../socket/tcp';
import { NEVER, SECOND } from '../time/duration';

/** How long a client may go on sending after our last word, before its connection is cut. */
const LAST_WORDS: u64 = 2 * SECOND;

let site!: http.Site;

/** Serves `served` at `port`. */
export function serve(sockets: tcp.Tcp, served: http.Site, port: u32): void {
  site = served;
  sockets.listen(port, handle.index);
}

function handle(sockets: tcp.Tcp, connection: tcp.Connection, events: u32): void {
  const now = sockets.stack.now;
  if (events & tcp.CONNECTED) {
    connection.noDelay = true;
    connection.user = changetype<usize>(http.open(site, now, connection.remote));
    if (connection.user == 0) return tcp.abort(sockets, connection);
  }
  if (connection.user == 0) return;
  const client = changetype<http.Client>(connection.user);
  if (events & tcp.ENDED) {
    http.close(site, client);
    connection.user = 0;
    return;
  }
  if (events & tcp.WOKEN) {
    if (client.finished && client.deadline == NEVER) return tcp.abort(sockets, connection);
    http.expire(site, client, now);
  }
  exchange(sockets, connection, client);
  // Requests that came before the client's end of the stream are still answered, and where the image is to end, the one that is being answered.
  if ((connection.peerFin && tcp.readRun(connection) == 0) || events & tcp.STOPPING) {
    http.end(site, client);
    exchange(sockets, connection, client);
  }
  if (client.failed) return tcp.abort(sockets, connection);
  if (client.finished) {
    tcp.close(sockets, connection);
    // What the client still sends is read, lest a reset destroys our last answer on its way (RFC 9112, 9.6).
    tcp.wakeAt(connection, now + LAST_WORDS);
  } else tcp.wakeAt(connection, client.deadline);
}

/** Takes requests and writes answers until neither moves on. */
function exchange(sockets: tcp.Tcp, connection: tcp.Connection, client: http.Client): void {
  const now = sockets.stack.now;
  while (true) {
    let moved: u32 = 0;
    const run = tcp.readRun(connection);
    if (run != 0) {
      moved = http.input(site, client, tcp.readAt(connection), run, now);
      if (moved != 0) tcp.consume(sockets, connection, moved);
    }
    while (true) {
      const room = tcp.writeRun(connection, tcp.room(sockets, connection));
      if (room == 0) break;
      const written = http.output(site, client, tcp.writeAt(connection), room, now);
      if (written == 0) {
        connection.wantsRoom = false;
        break;
      }
      tcp.written(sockets, connection, written);
      moved += written;
    }
    if (moved == 0) return;
  }
}
