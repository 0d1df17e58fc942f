// The metrics as text, in Prometheus's exposition format 0.0.4 or as Influx lines. Written in pieces: each call goes on where the last one
// stopped, and writes whole lines only. Nothing is allocated.
import { COUNTER, metric, Metric, NONE, Registry } from './registry';

/** Where a rendering is: the metric that comes next, NONE at the end. */
@unmanaged
export class Cursor {
  next: u32;
}

/** Begins from the beginning. */
export function rewind(cursor: Cursor, registry: Registry): void {
  cursor.next = registry.count > 0 ? 0 : NONE;
}

/** Whether all is written. */
@inline
export function isDone(cursor: Cursor): bool {
  return cursor.next == NONE;
}

/** Between a name's HELP and TYPE and its value: the kind, as it stands in a TYPE line. */
function kindOf(value: Metric): string {
  return value.kind == COUNTER ? ' counter\n' : ' gauge\n';
}

function ascii(at: usize, text: string): usize {
  for (let i = 0, n = text.length; i < n; i++) store<u8>(at++, <u8>text.charCodeAt(i));
  return at;
}

function copy(at: usize, from: usize, size: u32): usize {
  memory.copy(at, from, size);
  return at + size;
}

function digits(value: u64): u32 {
  let n: u32 = 1;
  for (; value >= 10; value /= 10) n++;
  return n;
}

function number(at: usize, value: u64): usize {
  const end = at + digits(value);
  for (let to = end; to > at; value /= 10) store<u8>(--to, 0x30 + <u8>(value % 10));
  return end;
}

/**
 * Writes what fits into `room` bytes at `to` in Prometheus's format; how much. With a room of 2 * LINE there is always progress. Metrics of
 * one name come together, under one HELP and TYPE.
 */
export function prometheus(registry: Registry, cursor: Cursor, to: usize, room: u32): u32 {
  let at = to;
  while (cursor.next != NONE) {
    const value = metric(registry, cursor.next);
    const number = load<u64>(value.at);
    const isFirst = value.first == cursor.next;
    const size = prometheusSize(value, number, isFirst);
    if (<u32>(at - to) + size > room) break;
    at = prometheusLine(value, number, isFirst, at);
    cursor.next = value.next != NONE ? value.next : following(registry, value.first);
  }
  return <u32>(at - to);
}

/** The first metric of the next name. */
function following(registry: Registry, id: u32): u32 {
  for (let i = id + 1; i < registry.count; i++) if (metric(registry, i).first == i) return i;
  return NONE;
}

function prometheusSize(value: Metric, number: u64, isFirst: bool): u32 {
  let size = value.nameSize + 1 + digits(number) + 1;
  if (value.labelsSize > 0) size += value.labelsSize + 2;
  if (isFirst) size += 7 + value.nameSize + 1 + value.helpSize + 1 + 7 + value.nameSize + kindOf(value).length;
  return size;
}

function prometheusLine(value: Metric, shown: u64, isFirst: bool, at: usize): usize {
  if (isFirst) {
    at = copy(ascii(at, '# HELP '), value.name, value.nameSize);
    at = ascii(copy(ascii(at, ' '), value.help, value.helpSize), '\n');
    at = ascii(copy(ascii(at, '# TYPE '), value.name, value.nameSize), kindOf(value));
  }
  at = copy(at, value.name, value.nameSize);
  if (value.labelsSize > 0) at = ascii(copy(ascii(at, '{'), value.labels, value.labelsSize), '}');
  return ascii(number(ascii(at, ' '), shown), '\n');
}

/** Writes what fits into `room` bytes at `to` as Influx lines of the moment `wall` (nanoseconds since 1970); how much. */
export function influx(registry: Registry, cursor: Cursor, to: usize, room: u32, wall: u64): u32 {
  let at = to;
  while (cursor.next != NONE) {
    const value = metric(registry, cursor.next);
    // Influx's integers have a sign.
    const shown = min(load<u64>(value.at), <u64>i64.MAX_VALUE);
    const size = registry.prefixSize + value.tagsSize + 1 + value.nameSize + 1 + digits(shown) + 2 + digits(wall) + 1;
    if (<u32>(at - to) + size > room) break;
    at = copy(at, registry.prefix, registry.prefixSize);
    at = ascii(copy(at, value.tags, value.tagsSize), ' ');
    at = number(ascii(copy(at, value.name, value.nameSize), '='), shown);
    at = ascii(number(ascii(at, 'i '), wall), '\n');
    cursor.next = cursor.next + 1 < registry.count ? cursor.next + 1 : NONE;
  }
  return <u32>(at - to);
}
