// The management port: /metrics and /influx over TCP (metrics/responder.ts), for few clients at a time, each for a short time.
import { Registry } from '../metrics/registry';
import * as responder from '../metrics/responder';
import * as tcp from '../socket/tcp';
import * as logger from '../log/logger';
import { SECOND } from '../time/duration';

/** Clients there can be at once; others are reset. */
const CLIENTS: u32 = 4;
/** How long a client may take from the beginning of its connection to its end. */
const PATIENCE: u64 = 10 * SECOND;

@unmanaged
class Client {
  connection: usize;
  /** The request as far as it came: responder.LARGEST bytes of room. */
  request: usize;
  size: u32;
  response: responder.Response;
}

let registry!: Registry;
/** Index of () => void that brings those metrics up to date that nobody counts in. */
let refresh: u32 = 0;
const clients: usize = memory.data(64);
const output: usize = heap.alloc(responder.ROOM);

/** Clients that were answered, whatever with, and that were turned away since there were too many. */
export const answered: usize = memory.data(8);
export const refused: usize = memory.data(8);

@inline
function at(index: u32): Client {
  return changetype<Client>(clients + index * offsetof<Client>());
}

/** Answers with the metrics of `shown` at `port`; false if there are too many listeners. */
export function start(sockets: tcp.Tcp, port: u32, shown: Registry, update: u32): bool {
  registry = shown;
  refresh = update;
  for (let i: u32 = 0; i < CLIENTS; i++) {
    at(i).request = heap.alloc(responder.LARGEST);
    at(i).response = responder.create();
  }
  return sockets.listen(port, handle.index);
}

function handle(sockets: tcp.Tcp, connection: tcp.Connection, events: u32): void {
  if (events & tcp.CONNECTED) {
    connection.user = changetype<usize>(admit(connection));
    if (connection.user == 0) {
      count(refused);
      return tcp.abort(sockets, connection);
    }
    tcp.wakeAt(connection, sockets.stack.now + PATIENCE);
  }
  if (connection.user == 0) return;
  const client = changetype<Client>(connection.user);
  if (events & tcp.ENDED) {
    client.connection = 0;
    connection.user = 0;
    return;
  }
  if (events & tcp.WOKEN) return tcp.abort(sockets, connection);
  if (client.size != NONE) read(sockets, connection, client);
  if (client.size == NONE) {
    if (connection.readable != 0) tcp.consume(sockets, connection, connection.readable);
    write(sockets, connection, client);
  } else if (events & (tcp.PEER_CLOSED | tcp.STOPPING)) tcp.abort(sockets, connection);
}

/** The request was taken. */
const NONE: u32 = u32.MAX_VALUE;

function admit(connection: tcp.Connection): Client | null {
  for (let i: u32 = 0; i < CLIENTS; i++) {
    if (at(i).connection != 0) continue;
    at(i).connection = changetype<usize>(connection);
    at(i).size = 0;
    return at(i);
  }
  return null;
}

/** Takes what came of the request, until it is whole. */
function read(sockets: tcp.Tcp, connection: tcp.Connection, client: Client): void {
  while (true) {
    const run = min(tcp.readRun(connection), responder.LARGEST - client.size);
    if (run == 0) return;
    memory.copy(client.request + client.size, tcp.readAt(connection), run);
    tcp.consume(sockets, connection, run);
    client.size += run;
    if (responder.begin(client.response, registry, client.request, client.size) == responder.MORE) continue;
    client.size = NONE;
    call_indirect<void>(refresh);
    count(answered);
    return;
  }
}

/** Writes as much of the response as there is room for, and closes behind it. */
function write(sockets: tcp.Tcp, connection: tcp.Connection, client: Client): void {
  while (!client.response.finished) {
    if (tcp.room(sockets, connection) < responder.ROOM) {
      connection.wantsRoom = true;
      return;
    }
    const size = responder.output(client.response, registry, output, responder.ROOM, logger.time());
    tcp.write(sockets, connection, output, size);
  }
  tcp.close(sockets, connection);
}

function count(counter: usize): void {
  store<u64>(counter, load<u64>(counter) + 1);
}
