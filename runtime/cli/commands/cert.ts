// kittiwake cert
import type { Command } from '../command.ts';
import { noneOf } from '../group.ts';
import { certRequest } from './cert-request.ts';
import { certRevoke } from './cert-revoke.ts';
import { certShow } from './cert-show.ts';

const commands = [certShow, certRequest, certRevoke];

export const cert: Command = {
  name: 'cert',
  summary: 'show certificates, ask for one, revoke one',
  help: `Certificates of who may deploy unikernels from elsewhere.

Usage: kittiwake cert COMMAND [ARGUMENTS]

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  kittiwake cert COMMAND --help   shows a command's options and examples

Examples:
  kittiwake cert show anna/cert.pem
  kittiwake cert request bob
  sudo kittiwake cert revoke ca/anna/cert.pem --list /etc/kittiwaked/tls/revoked
`,
  options: ['--help'],
  commands,
  run: noneOf('cert'),
};
