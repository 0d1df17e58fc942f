// An image of megabytes in a certificate, as albatross-client create --destination sends it: OpenSSL's client, a real tender, and an answer to ping.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Endpoint } from '../../../runtime/daemon/tls/endpoint.ts';
import { RevocationList } from '../../../runtime/daemon/tls/revoked.ts';
import { issueLeaf, issueRoot, newKeys } from '../../../runtime/protocol/issue.ts';
import { noNamespaces } from '../../net/namespace.ts';
import { checker, create, DaemonHost } from '../host.ts';
import { pem, pems, serverFiles, TERMINATOR } from './world.ts';

const LIMIT_MS = 120_000;

describe.skipIf(noNamespaces !== undefined)('an image of 5 MB in a certificate', () => {
  let host: DaemonHost;
  let endpoint: Endpoint;
  let port: number;
  const at = (name: string): string => join(host.folder, name);
  beforeAll(async () => {
    host = await DaemonHost.open();
    await host.start();
    const keys = newKeys();
    const root = { certificate: issueRoot('root', keys), key: keys.privateKey };
    await fs.writeFile(at('revoked'), '');
    endpoint = new Endpoint({
      files: await serverFiles(host.folder, root, ['127.0.0.1'], newKeys()),
      terminator: TERMINATOR,
      revoked: new RevocationList(at('revoked')),
      folder: host.folder,
      log: () => undefined,
    });
    port = await endpoint.listen({ host: '127.0.0.1', port: 0 });
    const config = await checker('10.0.0.2');
    // What follows the last segment is nobody's, and random bytes do not get smaller.
    const image = deflateSync(Buffer.concat([config.image, randomBytes(5_000_000)]), { level: 9 });
    const leaf = newKeys();
    const command = create({ ...config, image, compressed: true, cpuids: [0] });
    const certificate = issueLeaf(root, 'web', leaf.publicKey, command);
    await fs.writeFile(at('leaf.pem'), pems(certificate));
    await fs.writeFile(at('leaf.key'), pem(leaf.privateKey));
  }, LIMIT_MS);
  afterAll(async () => {
    await endpoint.close();
    await host.close();
  }, LIMIT_MS);

  test(
    'is started, and answers',
    async () => {
      expect((await fs.stat(at('leaf.pem'))).size).toBeGreaterThan(6_500_000);
      const shown = ['-cert', at('leaf.pem'), '-key', at('leaf.key')];
      const client = ['s_client', '-quiet', '-connect', `127.0.0.1:${port}`, ...shown];
      const child = spawn('openssl', client, { stdio: ['ignore', 'pipe', 'ignore'] });
      let said = '';
      child.stdout.on('data', (piece: Buffer) => (said += piece.toString('latin1')));
      await once(child, 'close');
      expect(said).toContain('created unikernel');
      await host.answers('10.0.0.2');
    },
    LIMIT_MS,
  );
});
