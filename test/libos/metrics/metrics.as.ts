// The table of metrics with handles for the tests.
import '../../../runtime/libos/guest';
import * as registry from '../../../runtime/libos/metrics/registry';
import * as render from '../../../runtime/libos/metrics/render';
import * as responder from '../../../runtime/libos/metrics/responder';

export const out: usize = memory.data(65536);
export const request: usize = memory.data(8192);

export function open(capacity: u32, measurement: string, host: string): registry.Registry {
  return registry.open(capacity, measurement, host);
}

export function register(r: registry.Registry, kind: u32, name: string, help: string): u32 {
  return registry.register(r, kind, name, help);
}

export function registerLabelled(
  r: registry.Registry,
  kind: u32,
  name: string,
  help: string,
  label: string,
  value: string,
): u32 {
  return registry.register(r, kind, name, help, [label, value]);
}

export function registerTwice(r: registry.Registry, name: string, help: string, a: string, b: string): u32 {
  return registry.register(r, registry.COUNTER, name, help, ['a', a, 'b', b]);
}

export function add(r: registry.Registry, id: u32, n: u64): void {
  registry.add(r, id, n);
}

export function set(r: registry.Registry, id: u32, value: u64): void {
  registry.set(r, id, value);
}

/** Lets the metric show the u64 at `request`. */
export function watch(r: registry.Registry, id: u32): void {
  registry.watch(r, id, request);
}

export function cursor(r: registry.Registry): render.Cursor {
  const made = new render.Cursor();
  render.rewind(made, r);
  return made;
}

export function prometheus(r: registry.Registry, c: render.Cursor, room: u32): u32 {
  return render.prometheus(r, c, out, room);
}

export function influx(r: registry.Registry, c: render.Cursor, room: u32, wall: u64): u32 {
  return render.influx(r, c, out, room, wall);
}

export function isDone(c: render.Cursor): bool {
  return render.isDone(c);
}

export function response(): responder.Response {
  return responder.create();
}

export function begin(response: responder.Response, r: registry.Registry, size: u32): u32 {
  return responder.begin(response, r, request, size);
}

export function output(response: responder.Response, r: registry.Registry, room: u32, wall: u64): u32 {
  return responder.output(response, r, out, room, wall);
}

export function isFinished(response: responder.Response): bool {
  return response.finished;
}

export function pages(): i32 {
  return memory.size();
}
