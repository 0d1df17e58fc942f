// kittiwake cert revoke
import { appendFile, readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { keyOf, parseRevoked, serialOf, unfit } from '../../protocol/fingerprint.ts';
import type { Command } from '../command.ts';
import { operandsOf } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';
import { printable } from '../printable.ts';
import { reader, told } from './ca-words.ts';

export const certRevoke: Command = {
  help: `Let somebody in no more, and nobody they have let in.

Usage: kittiwake cert revoke FILE --list LIST [--serial]

Of the certificates in FILE the first is revoked: by its key, so that no other
certificate for that key helps. LIST is the file that the server reads, which
takes effect at once, also for who is connected. Unikernels that run go on.

Options:
  --list LIST   the server's list, as its option --revoked has it; required
  --serial      this one certificate only, by its number
  --help        show this text

Examples:
  sudo kittiwake cert revoke anna/cert.pem --list /etc/kittiwaked/tls/revoked
  sudo kittiwake cert revoke old.pem --serial --list /etc/kittiwaked/tls/revoked
`,
  options: ['--list', '--serial', '--help'],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { list: { type: 'string' }, serial: { type: 'boolean', default: false } },
    });
    const [file = ''] = operandsOf('cert revoke', ['FILE'], positionals);
    const { list } = values;
    if (list === undefined)
      throw new CommandError(EXIT.usage, 'cert revoke: no --list given; name the file that the server reads');
    const { readCertificates } = await reader();
    const [certificate] = await told(() => readCertificates(file));
    if (!certificate) return EXIT.ok;
    const [kind, hex] = values.serial
      ? ['serial', serialOf(certificate.x509)]
      : ['key', keyOf(certificate.x509)];
    const cause = values.serial ? unfit(hex) : undefined;
    if (cause !== undefined) throw new CommandError(EXIT.usage, cause);
    try {
      const known = parseRevoked(await readFile(list, 'utf8'));
      if ((kind === 'key' ? known.keys : known.serials).has(hex)) {
        out(`${list}: ${kind} ${hex} is there already\n`);
        return EXIT.ok;
      }
      const today = new Date().toISOString().slice(0, 10);
      // One short write at the end of the file: a reader sees all of the line, or none.
      await appendFile(
        list,
        `${kind} ${hex} # ${printable(certificate.contents.subject.text, 80)}, ${today}\n`,
      );
    } catch (error) {
      throw new CommandError(EXIT.host, `${list}: ${(error as Error).message}`);
    }
    out(`${list}: ${kind} ${hex} is let in no more\n`);
    return EXIT.ok;
  },
};
