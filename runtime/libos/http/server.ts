// The HTTP/1.1 server (RFC 9110, 9112) as a pure state machine, one Client a stream: bytes and time in, bytes out.
//
// A client has one response at a time: while it is not sent, input() takes no further request, so a pipeline waits in the receive
// buffer of its stream and costs no memory here. Call output() until it returns 0, then input() with what was left, and so on.
import { read } from '../store/store';
import { NEVER } from '../time/duration';
import { put } from '../text/put';
import { text } from '../text/text';
import { begin, isDone, skip } from './body';
import { addPart, BODY, Client, dropPart, dropResponse, freeClient, HEAD, makeClient, OVER, RESPONSE } from './client';
import { bytesOf, detach, release, renew } from './head';
import * as refusal from './refusal';
import { forget, parseRequest } from './request';
import { answer, refuse } from './responses';
import { restart, scanHead } from './scan';
import { count, countStatus, Site } from './site';

export { Client } from './client';
export { Limits } from './limits';
export { openSite, refused, Site } from './site';

const CONTINUE = text('HTTP/1.1 100 Continue\r\n\r\n');

/** The time to wait: a quarter of `time` when three quarters of the places for clients are taken. */
function patience(site: Site, time: u64): u64 {
  return site.clients * 4 > site.limits.clients * 3 ? time / 4 : time;
}

/**
 * A stream was opened.
 * @param peer the client's address, as in wire/address.ts
 * @returns null if there are as many clients as there may be: reset the stream
 */
export function open(site: Site, now: u64, peer: usize): Client | null {
  if (site.clients >= site.limits.clients) {
    count(site, refusal.CLIENTS_FULL);
    return null;
  }
  site.clients++;
  site.accepted++;
  const client = makeClient(peer);
  client.deadline = now + patience(site, site.limits.headTime);
  return client;
}

/** The stream is gone; `client` must not be used any more. */
export function close(site: Site, client: Client): void {
  freeClient(site, client);
  site.clients--;
}

/** The client sends no more. What it has asked for is still answered. */
export function end(site: Site, client: Client): void {
  client.closing = true;
  if (client.state == HEAD || client.state == BODY) stop(site, client);
}

/**
 * Takes bytes of the stream.
 * @returns how many were taken; give the others again when output() has returned 0
 */
export function input(site: Site, client: Client, data: usize, size: u32, now: u64): u32 {
  let taken: u32 = 0;
  while (taken < size) {
    const left = size - taken;
    if (client.state == HEAD) taken += takeHead(site, client, data + taken, left, now);
    else if (client.state == BODY) taken += takeBody(site, client, data + taken, left, now);
    // After the last request, bytes are thrown away, so that the stream does not stall before the client has read our answer.
    else if (client.closing) taken = size;
    else break;
  }
  site.bytesIn += taken;
  return taken;
}

/** Takes bytes of a head. One that came whole is parsed where it lies; only a part is copied. */
function takeHead(site: Site, client: Client, data: usize, size: u32, now: u64): u32 {
  const scan = client.scan;
  const had = client.partSize;
  if (had == 0 && scan.seen == 0 && client.served) client.deadline = now + patience(site, site.limits.headTime);
  let head = data;
  let known = size;
  if (had > 0) {
    const more = min(size, site.limits.head - had);
    if (!addPart(site, client, data, more)) return refuseHead(site, client, refusal.HEADS_FULL, size, now);
    head = client.part;
    known = client.partSize;
  }
  const end = scanHead(scan, site.limits, head, known);
  if (scan.refusal != refusal.NONE) return refuseHead(site, client, scan.refusal, size, now);
  if (end == 0) {
    if (had == 0 && !addPart(site, client, data, size)) {
      return refuseHead(site, client, refusal.HEADS_FULL, size, now);
    }
    return size;
  }
  const skipped: u32 = scan.skipped ? 2 : 0;
  takeRequest(site, client, head + skipped, end - skipped, now);
  dropPart(site, client);
  return end - had;
}

function refuseHead(site: Site, client: Client, why: u32, size: u32, now: u64): u32 {
  forget(site.request);
  refuse(site, client, why);
  dropPart(site, client);
  beginResponse(site, client, now);
  return size;
}

/** Parses a whole head and prepares what answers it. */
function takeRequest(site: Site, client: Client, head: usize, size: u32, now: u64): void {
  const request = site.request;
  site.requests++;
  const why = parseRequest(request, site.limits, head, size);
  if (why != refusal.NONE) refuse(site, client, why);
  else answer(site, client);
  begin(client.body, request.framing, site.limits.body);
  const skips = why == refusal.NONE && !isDone(client.body) && !(request.waits && client.closing);
  if (!skips) return beginResponse(site, client, now);
  if (request.waits) {
    client.interim = CONTINUE.size;
    countStatus(site, 100);
  }
  client.state = BODY;
  client.deadline = now + patience(site, site.limits.bodyTime);
}

/** Skips bytes of a request's content. */
function takeBody(site: Site, client: Client, data: usize, size: u32, now: u64): u32 {
  const taken = skip(client.body, data, size);
  if (client.body.refusal != refusal.NONE) return refuseHead(site, client, client.body.refusal, size, now);
  if (isDone(client.body)) beginResponse(site, client, now);
  return taken;
}

function beginResponse(site: Site, client: Client, now: u64): void {
  client.state = RESPONSE;
  client.taken = 0;
  client.deadline = now + site.limits.rateTime;
}

/** The stream ends without a further word. */
function stop(site: Site, client: Client): void {
  dropPart(site, client);
  dropResponse(client);
  client.interim = 0;
  client.state = OVER;
  client.closing = true;
  client.finished = true;
  client.deadline = NEVER;
}

/** A response was cut off. */
function cut(site: Site, client: Client): void {
  client.failed = true;
  stop(site, client);
}

/**
 * Writes what there is to say, at most `room` bytes, to `to`.
 * @returns how many; 0 when there is nothing to say now
 */
export function output(site: Site, client: Client, to: usize, room: u32, now: u64): u32 {
  let written: u32 = 0;
  if (client.interim > 0) written = putInterim(client, to, room);
  if (client.state == RESPONSE && client.interim == 0) {
    written += putResponse(site, client, to + written, room - written, now);
    client.taken += written;
  }
  site.bytesOut += written;
  return written;
}

function putResponse(site: Site, client: Client, to: usize, room: u32, now: u64): u32 {
  const begins = client.head != null && client.headSent == 0;
  let written = client.head != null ? putHead(site, client, to, room) : 0;
  if (client.head == null) {
    const got = putContent(site, client, to + written, room - written);
    if (got >= 0) written += got;
    else if (begins) {
      // Nobody has seen the head yet.
      forget(site.request);
      refuse(site, client, refusal.CONTENT_UNREADABLE);
      return putResponse(site, client, to, room, now);
    } else {
      count(site, refusal.CONTENT_LOST);
      cut(site, client);
      return written;
    }
  }
  if (begins && written > 0) countStatus(site, client.status);
  if (client.head == null && client.left == 0) finishResponse(site, client, now);
  return written;
}

function putInterim(client: Client, to: usize, room: u32): u32 {
  const part = min(room, client.interim);
  memory.copy(to, CONTINUE.at + CONTINUE.size - client.interim, part);
  client.interim -= part;
  return part;
}

/** Sends the head, or the part of it that there is room for. */
function putHead(site: Site, client: Client, to: usize, room: u32): u32 {
  let head = client.head!;
  if (client.headSent == 0) {
    if (head.size > room) {
      // It goes in parts, while others may change the date of the one that is shared.
      head = detach(head);
      client.head = head;
    }
    renew(site, head);
  }
  const part = min(room, head.size - client.headSent);
  memory.copy(to, bytesOf(head) + client.headSent, part);
  client.headSent += part;
  if (client.headSent == head.size) {
    release(head);
    client.head = null;
    client.headSent = 0;
  }
  return part;
}

/** Sends what there is room for; returns how many bytes, -1 if the content cannot be read. */
function putContent(site: Site, client: Client, to: usize, room: u32): i32 {
  const size = <u32>min<u64>(room, client.left);
  if (size == 0) return 0;
  const got = read(site.store, client.entry!, client.offset, to, size);
  if (got <= 0) return -1;
  client.offset += got;
  client.left -= got;
  return got;
}

/** All of the response is sent: the stream ends, or awaits the next request. */
function finishResponse(site: Site, client: Client, now: u64): void {
  if (client.closing) return stop(site, client);
  client.entry = null;
  client.state = HEAD;
  client.served = true;
  client.deadline = now + patience(site, site.limits.idleTime);
  restart(client.scan);
}

/** The client's deadline has passed: it sends or reads too slowly, or has nothing more to ask. */
export function expire(site: Site, client: Client, now: u64): void {
  if (now < client.deadline) return;
  if (client.state == HEAD) {
    if (client.partSize > 0) {
      refuseHead(site, client, refusal.HEAD_TIME, 0, now);
    } else {
      count(site, refusal.IDLE);
      stop(site, client);
    }
  } else if (client.state == BODY) {
    refuseHead(site, client, refusal.BODY_TIME, 0, now);
  } else if (client.state == RESPONSE) {
    if (client.taken < site.limits.rateBytes) {
      count(site, refusal.SLOW_READER);
      return cut(site, client);
    }
    client.taken = 0;
    client.deadline = now + site.limits.rateTime;
  }
}
