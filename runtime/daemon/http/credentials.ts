// Whom a request that comes by TCP is from: a token, or the certificates of an authority.
import type { X509Certificate } from 'node:crypto';
import { authorityOf, type Authority } from '../../protocol/chain.ts';
import type { Command } from '../../protocol/command.ts';
import { formatName, parseName } from '../../protocol/name.ts';
import { ClientError, locally, type Way } from '../../client/socket.ts';
import { tokenOf } from '../../tokens.ts';
import { grant, takes } from '../tls/request.ts';
import type { Access } from './access.ts';
import { HttpProblem } from './problem.ts';

/** Whether the policies of who asks for it have to stand. */
const needsPolicies = (command: Command): boolean =>
  takes(command) || (command.kind === 'policy' && command.value.kind === 'add');

/** A way to the orchestrator for who has `policies`: they are made known before anything is asked, as for a client of the TLS endpoint. */
function granting(folder: string, { policies }: Authority): Way {
  const way = locally(folder);
  return {
    ...way,
    async asked(name, command) {
      if (command.kind !== 'console' && command.kind !== 'stats') {
        const cause = await grant(folder, policies);
        if (cause !== undefined && needsPolicies(command)) throw new ClientError('refused', cause);
      }
      return way.asked(name, command);
    },
  };
}

/** Of an authority that has shown `chain`, its own certificate first: all that its path and its policies allow. @throws ProtocolError */
export function accessOfChain(
  folder: string,
  chain: readonly X509Certificate[],
  ended: () => string | undefined,
): Access {
  const authority = authorityOf(chain.map(({ raw }) => raw));
  const scope = { path: authority.path };
  return { who: `certificate of ${formatName(scope)}`, scope, way: granting(folder, authority), ended };
}

const BEARER = /^Bearer +([\x21-\x7e]{1,256})$/i;

/** Of whoever knows a token in the folder `tokens`. @throws HttpProblem (unauthorized) */
export function accessOfToken(folder: string, tokens: string, header: string): Access {
  const [, token = ''] = BEARER.exec(header) ?? [];
  const found = tokenOf(tokens, token);
  if (!found)
    throw new HttpProblem(
      'unauthorized',
      'token: it is none, or has expired, or was revoked; ask for a new one',
      {},
      {
        'WWW-Authenticate': 'Bearer error="invalid_token"',
      },
    );
  return {
    who: `token ${found.name}`,
    scope: parseName(found.scope),
    verbs: new Set(found.verbs),
    way: locally(folder),
    ended: () => (tokenOf(tokens, token) ? undefined : `token ${found.name}: it holds no longer`),
  };
}
