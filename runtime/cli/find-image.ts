// Which file an image's name on a command line means.
import type { Context } from './command.ts';
import { locate, type Install } from './install.ts';
import { kvmTrouble, type Kvm } from './kvm.ts';

/** The file that `image` names: itself, else a prebuilt one of that name, with the ABI added that can run here. */
export function findImage(image: string, install: Install, kvm: () => Kvm, note: Context['note']): string {
  const found = locate(image, install);
  if (found !== undefined) return found;
  const [hvt, spt] = [locate(`${image}.hvt`, install), locate(`${image}.spt`, install)];
  if (hvt === undefined || spt === undefined) return hvt ?? spt ?? image;
  const trouble = kvmTrouble(kvm());
  if (!trouble) return hvt;
  note(`${image}: running it under spt, since ${trouble.cause}`);
  return spt;
}
