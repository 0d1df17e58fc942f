// The bad wire itself: what the other tests rely on.
import { describe, expect, test } from 'vitest';
import { Wire } from './frames.ts';
import { Namespace, noNamespaces } from './namespace.ts';
import { impairedLinux, type Impairment } from './netem.ts';

/** A ping over a wire with `impairment`: its summary. Echo requests go every 2 ms. */
async function ping(impairment: Impairment, count = 300): Promise<string> {
  await using namespace = await Namespace.open();
  await impairedLinux(namespace, '10.0.1.1/24', '10.0.1.2/24', impairment);
  return (await namespace.run(['ping', '-q', '-i', '0.002', '-W', '1', '-c', String(count), '10.0.1.2'])).out;
}

describe.skipIf(noNamespaces)(`a wire ${noNamespaces ?? ''}`, () => {
  test('without impairment loses nothing', async () => {
    expect(await ping({})).toContain('300 packets transmitted, 300 received, 0% packet loss');
  });

  test('delays both ways', async () => {
    const least = /rtt min[^=]*= ([\d.]+)\//.exec(await ping({ delay: 20 }, 10))?.[1];
    expect(Number(least)).toBeGreaterThanOrEqual(40);
    expect(Number(least)).toBeLessThan(60);
  });

  test('loses the percentage it is told, each way', async () => {
    const lost = /([\d.]+)% packet loss/.exec(await ping({ loss: 20 }))?.[1];
    // 36 % of the round trips; six standard deviations.
    expect(Number(lost)).toBeGreaterThan(20);
    expect(Number(lost)).toBeLessThan(52);
  });

  test('duplicates', async () => {
    const more = /\+(\d+) duplicates/.exec(await ping({ duplicate: 20 }))?.[1];
    expect(Number(more)).toBeGreaterThan(60);
  });

  test('corrupts where a checksum finds it', async () => {
    const lost = /([\d.]+)% packet loss/.exec(await ping({ corrupt: 100 }, 30))?.[1];
    expect(Number(lost)).toBe(100);
  });

  test('carries frames from and to this process', async () => {
    await using namespace = await Namespace.open();
    const far = await namespace.another();
    await namespace.veth('near', '10.0.2.1/24', far, 'far', '10.0.2.2/24');
    const wire = await Wire.to(far, 'far');
    const sender = '02000000000a';
    const request = `ffffffffffff${sender}08060001080006040001${sender}0a0002090000000000000a000201`;
    await wire.send([Buffer.from(request, 'hex')]);
    const isReply = (bytes: Buffer): boolean => bytes.readUInt32BE(12) === 0x08060001 && bytes[21] === 2;
    const [reply] = await wire.receive(isReply, 1);
    expect(reply?.subarray(0, 6).toString('hex')).toBe('02000000000a');
    expect(reply?.subarray(28, 32).toString('hex')).toBe('0a000201');
  });

  test('cannot be where no end is', async () => {
    await using namespace = await Namespace.open();
    await expect(Wire.to(namespace, 'nowhere')).rejects.toThrow(/nowhere: No such device/);
  });
});
