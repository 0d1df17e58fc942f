// The handles core.as.ts exports.
import { compileEntry, instantiate, type Module } from './module.ts';

export { fromModule, toModule } from './module.ts';

export interface Core extends Module {
  readonly frame: { readonly value: number };
  readonly answer: { readonly value: number };
  open(address: number, gateway: number): number;
  receive(size: number): number;
  setHops(count: number): void;
  probe(): void;
  candidate(): number;
  dropped(): number;
  setVlan(vlan: number): void;
  checksum(size: number): number;
  ipv4(text: number): bigint;
  number(text: number, max: number): number;
  pages(): number;
  option(line: number, name: number): number;
}

export async function loadCore(): Promise<Core> {
  return instantiate<Core>(await compileEntry('test/libos/core.as.ts'));
}
