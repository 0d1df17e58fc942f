// The metrics as text, in Prometheus's exposition format 0.0.4 or as Influx lines. Written in pieces: each call goes on where the last one
// stopped, and writes whole lines only. Nothing is allocated.
import { put, putByte, putNumber, sizeOfNumber } from '../text/put';
import { text, Text } from '../text/text';
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

const SPACE: u32 = 0x20;
const NEWLINE: u32 = 0x0a;
const HELP = text('# HELP ');
const TYPE = text('# TYPE ');
/** The kinds, as they end a TYPE line. */
const COUNTERS = text(' counter\n');
const GAUGES = text(' gauge\n');
/** Ends a value in an Influx line. */
const INTEGER = text('i ');

@inline
function kindOf(value: Metric): Text {
  return value.kind == COUNTER ? COUNTERS : GAUGES;
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
  let size = value.name.size + 1 + sizeOfNumber(number) + 1;
  if (value.labels.size > 0) size += value.labels.size + 2;
  if (isFirst) {
    size += HELP.size + value.name.size + 1 + value.help.size + 1;
    size += TYPE.size + value.name.size + kindOf(value).size;
  }
  return size;
}

function prometheusLine(value: Metric, shown: u64, isFirst: bool, at: usize): usize {
  if (isFirst) {
    at = put(put(at, HELP), value.name);
    at = putByte(put(putByte(at, SPACE), value.help), NEWLINE);
    at = put(put(put(at, TYPE), value.name), kindOf(value));
  }
  at = put(at, value.name);
  if (value.labels.size > 0) at = putByte(put(putByte(at, 0x7b), value.labels), 0x7d);
  return putByte(putNumber(putByte(at, SPACE), shown), NEWLINE);
}

/** Writes what fits into `room` bytes at `to` as Influx lines of the moment `wall` (nanoseconds since 1970); how much. */
export function influx(registry: Registry, cursor: Cursor, to: usize, room: u32, wall: u64): u32 {
  let at = to;
  while (cursor.next != NONE) {
    const value = metric(registry, cursor.next);
    // Influx's integers have a sign.
    const shown = min(load<u64>(value.at), <u64>i64.MAX_VALUE);
    const size =
      registry.prefix.size + value.tags.size + 1 + value.name.size + 1 + sizeOfNumber(shown) + INTEGER.size + sizeOfNumber(wall) + 1;
    if (<u32>(at - to) + size > room) break;
    at = put(at, registry.prefix);
    at = putByte(put(at, value.tags), SPACE);
    at = putNumber(putByte(put(at, value.name), 0x3d), shown);
    at = putByte(putNumber(put(at, INTEGER), wall), NEWLINE);
    cursor.next = cursor.next + 1 < registry.count ? cursor.next + 1 : NONE;
  }
  return <u32>(at - to);
}
