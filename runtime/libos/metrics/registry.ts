// Counters and gauges of an image, in one table made at set-up. A value is a u64 in raw memory: one of the table's own, or a field that a
// part of the library OS counts in anyway. Counting is one addition; names, help and labels cost only at set-up and when they are read.
import * as text from './text';

export const COUNTER: u32 = 0;
export const GAUGE: u32 = 1;

/** Bytes a line of either format may have; longer names, helps and labels are a mistake of the image. */
export const LINE: u32 = 1024;
/** No metric. */
export const NONE: u32 = u32.MAX_VALUE;

/** One value with its texts, which are pieces of bytes behind each other at `text`. */
@unmanaged
export class Metric {
  at: usize;
  kind: u32;
  /** The first metric of the same name, and the next one; NONE ends the chain. Prometheus wants them together. */
  first: u32;
  next: u32;
  name: usize;
  nameSize: u32;
  help: usize;
  helpSize: u32;
  /** reason="malformed",version="4" as Prometheus has it */
  labels: usize;
  labelsSize: u32;
  /** ,reason=malformed,version=4 as Influx has it */
  tags: usize;
  tagsSize: u32;
}

@unmanaged
export class Registry {
  /** The values add() and set() change, and the metrics. */
  values: usize;
  metrics: usize;
  capacity: u32;
  count: u32;
  /** The beginning of each Influx line: measurement and the tags that are everywhere. */
  prefix: usize;
  prefixSize: u32;
}

/** A table of at most `capacity` metrics. For Influx they are of `measurement`, and tagged with the name of the `host` if that is not ''. */
export function open(capacity: u32, measurement: string, host: string): Registry {
  const registry = new Registry();
  registry.capacity = capacity;
  registry.values = heap.alloc(capacity * 8);
  registry.metrics = heap.alloc(capacity * offsetof<Metric>());
  memory.fill(registry.values, 0, capacity * 8);
  const prefix = text.influxMeasurement(measurement) + (host.length > 0 ? ',host=' + text.influxTag(host) : '');
  registry.prefixSize = text.sizeOf(prefix);
  registry.prefix = text.keep(prefix);
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
  assert(text.isName(name, true), 'the name of a metric is none Prometheus takes');
  let prometheus = '';
  let influx = '';
  for (let i = 0; i + 1 < labels.length; i += 2) {
    assert(text.isName(labels[i], false), 'the name of a label is none Prometheus takes');
    prometheus += (i > 0 ? ',' : '') + labels[i] + '="' + text.prometheusLabel(labels[i + 1]) + '"';
    // A tag without a value would be a syntax error.
    if (labels[i + 1].length > 0) influx += ',' + labels[i] + '=' + text.influxTag(labels[i + 1]);
  }
  const shown = text.prometheusHelp(help);
  const id = registry.count;
  const made = metric(registry, id);
  made.nameSize = text.sizeOf(name);
  made.name = text.keep(name);
  made.helpSize = text.sizeOf(shown);
  made.help = text.keep(shown);
  made.labelsSize = text.sizeOf(prometheus);
  made.labels = text.keep(prometheus);
  made.tagsSize = text.sizeOf(influx);
  made.tags = text.keep(influx);
  // Around the texts: '# HELP ', '# TYPE ', kinds, brackets, numbers of 20 digits.
  const longest: u32 = made.nameSize * 2 + max(made.helpSize, max(made.labelsSize, made.tagsSize));
  assert(longest + registry.prefixSize + 100 <= LINE, 'the texts of a metric are too long');
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
    if (other.first != i || !same(other.name, other.nameSize, made.name, made.nameSize)) continue;
    let last = other;
    assert(!same(last.labels, last.labelsSize, made.labels, made.labelsSize), 'a metric is registered twice');
    while (last.next != NONE) {
      last = metric(registry, last.next);
      assert(!same(last.labels, last.labelsSize, made.labels, made.labelsSize), 'a metric is registered twice');
    }
    assert(other.kind == made.kind, 'metrics of one name are of two kinds');
    last.next = id;
    made.first = i;
    return;
  }
}

function same(a: usize, aSize: u32, b: usize, bSize: u32): bool {
  return aSize == bSize && memory.compare(a, b, aSize) == 0;
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
