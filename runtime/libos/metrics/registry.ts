// Counters and gauges of an image, in one table made at set-up. A value is a u64 in raw memory: one of the table's own, or a field that a
// part of the library OS counts in anyway. Counting is one addition; names, help and labels cost only at set-up and when they are read.
import { exactly, text, Text } from '../text/text';
import * as escape from './escape';

export const COUNTER: u32 = 0;
export const GAUGE: u32 = 1;

/** Bytes a line of either format may have; longer names, helps and labels are a mistake of the image. */
export const LINE: u32 = 1024;
/** No metric. */
export const NONE: u32 = u32.MAX_VALUE;

/** One value with its texts. */
@unmanaged
export class Metric {
  at: usize;
  kind: u32;
  /** The first metric of the same name, and the next one; NONE ends the chain. Prometheus wants them together. */
  first: u32;
  next: u32;
  name: Text;
  help: Text;
  /** reason="malformed",version="4" as Prometheus has it */
  labels: Text;
  /** ,reason=malformed,version=4 as Influx has it */
  tags: Text;
}

@unmanaged
export class Registry {
  /** The values add() and set() change, and the metrics. */
  values: usize;
  metrics: usize;
  capacity: u32;
  count: u32;
  /** The beginning of each Influx line: measurement and the tags that are everywhere. */
  prefix!: Text;
}

/** A table of at most `capacity` metrics. For Influx they are of `measurement`, and tagged with the name of the `host` if that is not ''. */
export function open(capacity: u32, measurement: string, host: string): Registry {
  const registry = new Registry();
  registry.capacity = capacity;
  registry.values = heap.alloc(capacity * 8);
  registry.metrics = heap.alloc(capacity * offsetof<Metric>());
  memory.fill(registry.values, 0, capacity * 8);
  const prefix = escape.influxMeasurement(measurement) + (host.length > 0 ? ',host=' + escape.influxTag(host) : '');
  registry.prefix = text(prefix);
  return registry;
}

@inline
export function metric(registry: Registry, id: u32): Metric {
  return changetype<Metric>(registry.metrics + id * offsetof<Metric>());
}

/**
 * A metric; its id. `labels` are names and values in turn. The help of the first metric of a name is shown. A full table, a name that
 * Prometheus does not allow and the same metric twice are mistakes of the image, and end it.
 */
export function register(
  registry: Registry,
  kind: u32,
  name: string,
  help: string,
  labels: string[] = [],
): u32 {
  assert(registry.count < registry.capacity, 'the table of metrics is too small');
  assert(escape.isName(name, true), 'the name of a metric is none Prometheus takes');
  let prometheus = '';
  let influx = '';
  for (let i = 0; i + 1 < labels.length; i += 2) {
    assert(escape.isName(labels[i], false), 'the name of a label is none Prometheus takes');
    prometheus += (i > 0 ? ',' : '') + labels[i] + '="' + escape.prometheusLabel(labels[i + 1]) + '"';
    // A tag without a value would be a syntax error.
    if (labels[i + 1].length > 0) influx += ',' + labels[i] + '=' + escape.influxTag(labels[i + 1]);
  }
  const id = registry.count;
  const made = metric(registry, id);
  made.name = text(name);
  made.help = text(escape.prometheusHelp(help));
  made.labels = text(prometheus);
  made.tags = text(influx);
  // Around the texts: '# HELP ', '# TYPE ', kinds, brackets, numbers of 20 digits.
  const longest: u32 = made.name.size * 2 + max(made.help.size, max(made.labels.size, made.tags.size));
  assert(longest + registry.prefix.size + 100 <= LINE, 'the texts of a metric are too long');
  made.kind = kind;
  made.at = registry.values + id * 8;
  made.next = NONE;
  made.first = id;
  link(registry, id, made);
  registry.count++;
  return id;
}

/** Puts the metric at the end of the chain of its name. */
function link(registry: Registry, id: u32, made: Metric): void {
  for (let i: u32 = 0; i < id; i++) {
    const other = metric(registry, i);
    if (other.first != i || !same(other.name, made.name)) continue;
    let last = other;
    assert(!same(last.labels, made.labels), 'a metric is registered twice');
    while (last.next != NONE) {
      last = metric(registry, last.next);
      assert(!same(last.labels, made.labels), 'a metric is registered twice');
    }
    assert(other.kind == made.kind, 'metrics of one name are of two kinds');
    last.next = id;
    made.first = i;
    return;
  }
}

function same(a: Text, b: Text): bool {
  return exactly(a.at, a.size, b);
}

/** Lets the metric show the u64 at `at`, which somebody else counts in and which stays where it is. */
export function watch(registry: Registry, id: u32, at: usize): void {
  metric(registry, id).at = at;
}

/** Counts `n` more. */
@inline
export function add(registry: Registry, id: u32, n: u64): void {
  const at = registry.values + id * 8;
  store<u64>(at, load<u64>(at) + n);
}

/** Sets a gauge. */
@inline
export function set(registry: Registry, id: u32, value: u64): void {
  store<u64>(registry.values + id * 8, value);
}
