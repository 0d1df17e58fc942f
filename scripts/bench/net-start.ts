// What a guest needs before it serves: time, memory, bytes on disk. And how far away it is: a ping.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Namespace } from '../../test/net/namespace.ts';
import { command, Unikernel } from '../../test/net/unikernel.ts';
import { compileC } from '../setup/compile.ts';
import { median } from './compare.ts';
import {
  ADDRESS,
  answers,
  guestName,
  ON_CLIENT_CPU,
  ON_SERVER_CPU,
  startOf,
  withTap,
  type Guest,
  type Server,
} from './net-servers.ts';

const MAC = '02:00:00:00:00:02';
const PINGS = 5000;

/** A namespace with a tap, in which a guest is started again and again. */
export async function startingPlace(): Promise<Namespace> {
  const { client } = await withTap();
  await client.shell(`ip neigh replace ${ADDRESS} lladdr ${MAC} dev tap0 nud permanent`);
  return client;
}

/**
 * Milliseconds from just before the exec of the tender to the guest's first echo reply. The starting place is kept from run to run:
 * the kernel clears namespaces away in the background, and holds the lock meanwhile that opening a tap needs.
 */
export async function firstPing(client: Namespace, guest: Guest): Promise<number> {
  const probe = [...ON_CLIENT_CPU, compileC('scripts/bench/ping.c'), 'first', ADDRESS, '1'];
  // The probe sets the processor itself: taskset(1) would be one more exec on the clock.
  const start = command({ ...startOf(guest), by: [], options: [`--net-mac:service=${MAC}`] });
  const { status, out, err } = await client.run([...probe, ...start]);
  const microseconds = Number(out.trim().split('\n').at(-1));
  if (status !== 0 || !(microseconds > 0)) throw new Error(`${guestName(guest)}: ${err}${out}`);
  return microseconds / 1000;
}

/** The smallest --mem, in MiB, with which the guest serves its start page. */
export async function smallestMemory(guest: Guest): Promise<number> {
  for (let mem = 1; mem <= 64; mem++) {
    const { client } = await withTap();
    try {
      const running = new Unikernel(client, startOf({ ...guest, mem }));
      await Promise.race([
        answers(client, `http://${ADDRESS}/`),
        running.status().then((status) => Promise.reject(new Error(`ended with status ${status}`))),
      ]);
      return mem;
    } catch {
      // Too little: it ended, or it never served.
    } finally {
      await client.close();
    }
  }
  throw new Error(`${guestName(guest)} serves nothing even with --mem=64`);
}

/** Bytes of an image without the symbols a debugger would want. */
export function strippedSize(image: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'kittiwake-strip-'));
  try {
    execFileSync('strip', ['-o', join(folder, 'image'), image]);
    return statSync(join(folder, 'image')).size;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Echo requests of one run of ping(8), and how long it waits between them, in seconds. */
const PING_COUNT = 150;
const PING_INTERVAL = 0.02;

/**
 * Median round trip that ping(8) reports, in microseconds: to the moment the kernel has the reply, with time to cool down between the
 * requests. The pinging process shares the server's processor: the kernel's own answer is made on it as well, and waking another
 * processor costs more than all the rest.
 */
export async function roundTrip(server: Server): Promise<number> {
  const ping = ['ping', '-n', '-i', String(PING_INTERVAL), '-c', String(PING_COUNT), ADDRESS];
  const { status, out, err } = await server.client.run([...ON_SERVER_CPU, ...ping]);
  const times = [...out.matchAll(/ time=([\d.]+) ms$/gm)].map(([, ms]) => Number(ms) * 1000);
  if (status !== 0 || times.length < PING_COUNT) throw new Error(`ping of ${server.name}: ${err}${out}`);
  return median(times);
}

/**
 * Median round trip, in microseconds, of a program that sends the next request when it has the reply: to the moment that program runs
 * again, so the way back into it counts as well.
 */
export async function closedLoop(server: Server): Promise<number> {
  const ping = [compileC('scripts/bench/ping.c'), 'rtt', ADDRESS, String(PINGS)];
  const { status, out, err } = await server.client.run([...ON_SERVER_CPU, ...ping]);
  if (status !== 0) throw new Error(`ping of ${server.name}: ${err}`);
  return Number(out);
}
