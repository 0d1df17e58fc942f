// One stream from a client: where it is between the first byte of a request and the last of its response.
import { Entry } from '../store/store';
import * as address from '../wire/address';
import { Body } from './body';
import { Head, release } from './head';
import { restart, Scan } from './scan';
import { Site } from './site';

/** A request's head is awaited, or has come in part. */
export const HEAD: u32 = 0;
/** The response is ready; the request's content is being skipped first. */
export const BODY: u32 = 1;
/** The response is being sent. */
export const RESPONSE: u32 = 2;
/** Nothing more is sent; what comes is thrown away. */
export const OVER: u32 = 3;

@unmanaged
export class Client {
  /** When expire() is to be called, in the nanoseconds of `now`; not at all if it is NEVER. */
  deadline: u64;
  /** No response follows: once output() has returned 0 the stream is to be closed. */
  finished: bool;
  /** A response was cut off: the stream is to be reset, so that nobody takes a part for the whole. */
  failed: bool;

  state: u32;
  /** The client's address, as in wire/address.ts. */
  peer: usize;
  /** It has had a response: its next head gets its time from its first byte on. */
  served: bool;
  /** The stream ends after this response. */
  closing: bool;

  scan!: Scan;
  body!: Body;
  /** The part of a head that has come: `partSize` bytes in a block of `partRoom`; 0 for none. */
  part: usize;
  partSize: u32;
  partRoom: u32;

  /** Bytes of 100 Continue that are still to be sent. */
  interim: u32;
  /** The status of the response. */
  status: u32;
  head: Head | null;
  /** Bytes of the head that are sent. */
  headSent: u32;
  /** What follows the head: `left` bytes of `entry` from `offset` on. */
  entry: Entry | null;
  offset: u64;
  left: u64;
  /** Bytes sent since the deadline was set. */
  taken: u32;
}

/** A client that awaits its first request. */
export function makeClient(peer: usize): Client {
  const client = new Client();
  memory.fill(changetype<usize>(client), 0, offsetof<Client>());
  client.peer = heap.alloc(address.SIZE);
  address.copy(client.peer, peer);
  client.scan = new Scan();
  client.body = new Body();
  restart(client.scan);
  return client;
}

export function freeClient(site: Site, client: Client): void {
  dropPart(site, client);
  dropResponse(client);
  heap.free(client.peer);
  heap.free(changetype<usize>(client.scan));
  heap.free(changetype<usize>(client.body));
  heap.free(changetype<usize>(client));
}

/** Adds `size` bytes at `data` to the head that has come in part; false if all heads in part would be more than is allowed. */
export function addPart(site: Site, client: Client, data: usize, size: u32): bool {
  const needed = client.partSize + size;
  if (needed > client.partRoom) {
    let room: u32 = 512;
    while (room < needed) room <<= 1;
    if (site.partial + (room - client.partRoom) > site.limits.heads) return false;
    const block = heap.alloc(room);
    if (client.partSize > 0) memory.copy(block, client.part, client.partSize);
    if (client.part != 0) heap.free(client.part);
    site.partial += room - client.partRoom;
    client.part = block;
    client.partRoom = room;
  }
  memory.copy(client.part + client.partSize, data, size);
  client.partSize = needed;
  return true;
}

/** Gives the memory of the head that came in part back. */
export function dropPart(site: Site, client: Client): void {
  if (client.part == 0) return;
  heap.free(client.part);
  site.partial -= client.partRoom;
  client.part = 0;
  client.partSize = 0;
  client.partRoom = 0;
}

/** Gives the response back, sent or not. */
export function dropResponse(client: Client): void {
  const head = client.head;
  if (head != null) release(head);
  client.head = null;
  client.headSent = 0;
  client.entry = null;
  client.left = 0;
}
