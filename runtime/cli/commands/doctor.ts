// kittiwake doctor: whether this host can run unikernels, and what to do where it cannot.
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { arch, platform } from 'node:process';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import type { Command, Context } from '../command.ts';
import { EXIT } from '../errors.ts';
import { prebuiltImages, type Install } from '../install.ts';
import { kvmTrouble, type Kvm } from '../kvm.ts';

const HELP = `Check whether this host can run unikernels, and say what to do where it cannot.

Usage: kittiwake doctor [--json]

Exit status: 0 when images can run here (perhaps only under spt), 69 when none
can.

Examples:
  kittiwake doctor
  kittiwake doctor --json
`;

/** `limited`: something works only in part, and the rest goes on. `failed`: nothing runs until it is mended. */
type Grade = 'ok' | 'limited' | 'failed';

interface Finding {
  readonly check: string;
  readonly grade: Grade;
  readonly says: string;
  readonly remedy?: string;
}

const MARK = { ok: ['green', '✓'], limited: ['yellow', '!'], failed: ['red', '✗'] } as const;

export const doctor: Command = {
  name: 'doctor',
  summary: 'check whether this host can run unikernels',
  help: HELP,
  options: ['--json', '--help'],
  run(args, { out, colour, install, probeKvm }: Context) {
    const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean' } } });
    const findings = [checkProcessor(), checkKvm(probeKvm()), checkTun(), checkImages(install)];
    const failed = findings.some(({ grade }) => grade === 'failed');
    if (values.json) out(`${JSON.stringify({ ok: !failed, findings })}\n`);
    else for (const finding of findings) out(line(finding, colour));
    return failed ? EXIT.unavailable : EXIT.ok;
  },
};

function line({ check, grade, says, remedy }: Finding, colour: boolean): string {
  const [style, mark] = MARK[grade];
  const shown = colour ? styleText(style, mark, { validateStream: false }) : mark;
  return `${shown} ${check.padEnd(9)} ${says}${remedy === undefined ? '' : `\n            → ${remedy}`}\n`;
}

function checkProcessor(): Finding {
  const check = 'processor';
  if (platform === 'linux' && arch === 'x64') return { check, grade: 'ok', says: 'x86_64, Linux' };
  return { check, grade: 'failed', says: `${arch}, ${platform}`, remedy: 'use Linux on x86_64' };
}

function checkKvm(kvm: Kvm): Finding {
  const trouble = kvmTrouble(kvm);
  if (!trouble) return { check: 'kvm', grade: 'ok', says: 'hvt images run here' };
  return {
    check: 'kvm',
    grade: 'limited',
    says: `${trouble.cause}: only spt images run here`,
    remedy: trouble.remedy,
  };
}

function checkTun(): Finding {
  const device = '/dev/net/tun';
  const check = 'tap';
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return { check, grade: 'ok', says: `${device} can be opened, so images with a network can run` };
  } catch {
    const [says, remedy] = existsSync(device)
      ? [`you may not open ${device}`, `sudo chmod 0666 ${device}`]
      : [`${device} does not exist`, 'sudo modprobe tun'];
    return { check, grade: 'limited', says: `${says}: only images without a network run here`, remedy };
  }
}

function checkImages(install: Install): Finding {
  const check = 'images';
  const list = prebuiltImages(install);
  const damaged = list.filter(({ file, sha256 }) => {
    const path = join(install.images, file);
    return !existsSync(path) || createHash('sha256').update(readFileSync(path)).digest('hex') !== sha256;
  });
  if (damaged.length === 0)
    return { check, grade: 'ok', says: `${list.length} prebuilt images, digests as published` };
  const names = damaged.map(({ file }) => file).join(', ');
  return { check, grade: 'failed', says: `missing or altered: ${names}`, remedy: 'install Kittiwake again' };
}
