// kittiwake cert show
import { parseArgs } from 'node:util';
import type { Certificate } from '../../client/identity.ts';
import type { Command as Asked } from '../../protocol/command.ts';
import type { Command } from '../command.ts';
import { operandsOf } from '../daemon-words.ts';
import { EXIT } from '../errors.ts';
import { describePolicy } from '../policy-options.ts';
import { printable } from '../printable.ts';
import { reader, told } from './ca-words.ts';

interface Shown {
  readonly subject: string;
  readonly issuer: string;
  readonly from: string;
  readonly until: string;
  readonly key: string;
  readonly serial: string;
  readonly may: string;
}

function may(asked: Asked | undefined): string {
  if (asked === undefined) return 'anything that those above it may';
  if (asked.kind === 'policy' && asked.value.kind === 'add')
    return `have ${describePolicy(asked.value.value)}`;
  return `ask once for ${asked.kind} ${asked.value.kind}`;
}

function shown(
  { x509, contents }: Certificate,
  carried: Asked | undefined,
  { keyOf, serialOf }: Awaited<ReturnType<typeof reader>>,
): Shown {
  const { subject, issuer, from, until } = contents;
  return {
    subject: printable(subject.text),
    issuer: printable(issuer.text),
    from: from.toISOString(),
    until: until.toISOString(),
    key: keyOf(x509),
    serial: serialOf(x509),
    may: printable(x509.ca || carried ? may(carried) : 'be a server, or nothing here', 1000),
  };
}

const text = ({ subject, issuer, from, until, key, serial, may: said }: Shown): string =>
  [
    subject,
    `  may      ${said}`,
    `  issuer   ${issuer}`,
    `  valid    ${from} to ${until}`,
    `  key      ${key}`,
    `  serial   ${serial}`,
    '',
  ].join('\n');

export const certShow: Command = {
  help: `Show what the certificates in a file say: who may do what, how long, and the key
and serial number that a server can refuse them by.

Usage: kittiwake cert show FILE [--json]

Options:
  --json   for programs: a list, in the order of the file
  --help   show this text

Examples:
  kittiwake cert show anna/cert.pem
  kittiwake cert show ca/root.pem --json
`,
  options: ['--json', '--help'],
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false } },
    });
    const [file = ''] = operandsOf('cert show', ['FILE'], positionals);
    const all = await told(async () => {
      const lib = await reader();
      return lib.readCertificates(file).map((one) => shown(one, lib.commandOf(one.contents), lib));
    });
    out(values.json ? `${JSON.stringify(all)}\n` : all.map(text).join('\n'));
    return EXIT.ok;
  },
};
