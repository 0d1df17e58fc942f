// Whether the machine can run unikernels at all: processor, KVM, devices, programs, images, disk.
import { failed, limited, ok, type Cure, type Finding } from '../finding.ts';
import type { InstallFact, KvmFact, Machine } from '../facts/machine.ts';

export function processor({ platform, arch, kernel }: Machine): Finding {
  if (platform === 'linux' && arch === 'x64') return ok('processor', `x86_64, Linux ${kernel}`);
  return failed('processor-other', `${arch}, ${platform}`, { advice: 'use Linux on x86_64' });
}

export function kvm({ state, cause, advice }: KvmFact, { virtualisation }: Machine): Finding {
  if (state === 'real') return ok('kvm', 'hvt images run here');
  return limited(
    `kvm-${state}`,
    `${cause}: only spt images run here`,
    kvmCure(state, advice, virtualisation),
  );
}

function kvmCure(state: KvmFact['state'], advice: string, virtualisation: Machine['virtualisation']): Cure {
  // The driver is not loaded; where the processor offers nothing to it, the firmware or the outer host has to.
  if (state === 'missing' && virtualisation !== undefined)
    return { remedy: `sudo modprobe kvm_${virtualisation === 'vmx' ? 'intel' : 'amd'}` };
  // It counts from the next login.
  if (state === 'forbidden') return { remedy: 'sudo usermod -aG kvm $USER' };
  return { advice };
}

export function tun({ tun: access }: Machine): Finding {
  const device = '/dev/net/tun';
  if (access === 'open') return ok('tun', `${device} can be opened, so images can have taps`);
  const [cause, says, remedy] =
    access === 'missing'
      ? (['tun-missing', `${device} does not exist`, 'sudo modprobe tun'] as const)
      : (['tun-forbidden', `you may not open ${device}`, `sudo chmod 0666 ${device}`] as const);
  return limited(cause, `${says}: no image can have a tap`, { remedy });
}

export function usernet({ libslirp }: Machine, { usernet: helper }: InstallFact): Finding {
  if (!helper)
    return limited('usernet-missing', 'kittiwake-usernet cannot be run: no network without root', {
      advice: 'install Kittiwake again',
    });
  if (libslirp) return ok('usernet', 'images can have a network without root');
  return limited('usernet-missing', 'libslirp is not installed: no network without root', {
    remedy: 'sudo apt-get install libslirp0',
  });
}

export function tools({ programs }: Machine): Finding {
  const packages = { ip: 'iproute2', nft: 'nftables', sysctl: 'procps', ping: 'iputils-ping' };
  const missing = Object.entries(packages).filter(([program]) => !programs.has(program));
  if (missing.length === 0) return ok('tools', 'ip, nft, sysctl and ping are installed');
  const [names, debs] = [0, 1].map((at) => missing.map((pair) => pair[at]).join(' '));
  return limited('tools-missing', `not installed: ${names}; managed networks and some checks need it`, {
    remedy: `sudo apt-get install ${debs}`,
  });
}

export function images({ images: count, altered }: InstallFact): Finding {
  if (altered.length === 0) return ok('images', `${count} prebuilt images, digests as published`);
  return failed('images-altered', `missing or altered: ${altered.join(', ')}`, {
    advice: 'install Kittiwake again',
  });
}

export function versions({ versions: all }: InstallFact): Finding {
  const [first, ...others] = new Set(all.values());
  if (others.length === 0) return ok('versions', `command and tenders are ${first ?? 'not installed'}`);
  const list = [...all].map(([program, version]) => `${program} ${version}`).join(', ');
  return failed('versions-mixed', `not of one build: ${list}`, { advice: 'install Kittiwake again, whole' });
}

/** What a snapshot of a unikernel and a few logs take. */
const FREE_LEAST = 64 << 20;

export function disk({ free }: Machine): Finding {
  const left = `${Math.floor(free / (1 << 20))} MiB`;
  if (free >= FREE_LEAST) return ok('disk', `${left} free below /var/lib`);
  return limited('disk-full', `${left} free below /var/lib: states of networks cannot be written soon`, {
    advice: "make room: 'sudo apt-get clean', 'sudo journalctl --vacuum-size=100M'",
  });
}
