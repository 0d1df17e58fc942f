// What a bundle holds beside its site, its labs and the runtime, and what it says of itself: where the two that make and use it agree.
import type { Shells } from '../../../labs/vm/snapshot.ts';

/** In its folder vm. */
export const VM_FILES = {
  rootfs: 'rootfs.qcow2',
  disk: 'disk.qcow2',
  kernel: 'vmlinuz',
  initrd: 'initrd',
  runtime: 'runtime.tar',
  state: 'state',
} as const;

/** bundle.json. */
export interface Contents {
  readonly version: string;
  /** The commit it was made of, and whether files differed from it. */
  readonly commit: string;
  readonly dirty: boolean;
  readonly vm: {
    /** Of everything the frozen machine was made from. */
    readonly digest: string;
    readonly qemu: string;
    readonly shells: Shells;
  };
  /** sha256 of each prebuilt image, by file name. */
  readonly images: Readonly<Record<string, string>>;
}
