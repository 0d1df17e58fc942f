// A client of gdb's remote protocol that does what it is told and prints what it got: it runs inside the lab VM, on the Node there.
//   node gdb-client.ts PLACE STEPS      PLACE: a port of 127.0.0.1, or the path of a socket; STEPS: JSON in base64, see Step
// It prints the answers as JSON. Where the connection ends while an answer is due, that answer is null.
import { connect } from 'node:net';

/**
 * A packet whose answer is waited for; bytes that are sent as they are (latin1); waiting for one more packet, or for the end
 * of the connection; letting the guest run and
 * interrupting it, until it stands where register rip is this; closing.
 */
export type Step =
  | { readonly packet: string }
  | { readonly raw: string }
  | { readonly wait: true }
  | { readonly until: string }
  | { readonly end: true }
  | { readonly close: true };

/** The text between `$` and `#`, with its checksum. */
export function framed(text: string): string {
  const sum = [...Buffer.from(text, 'latin1')].reduce((all, byte) => (all + byte) & 255, 0);
  return `$${text}#${sum.toString(16).padStart(2, '0')}`;
}

const LIMIT_MS = 20_000;

async function main(place: string, steps: readonly Step[]): Promise<void> {
  const socket = connect(/^\d+$/.test(place) ? { host: '127.0.0.1', port: Number(place) } : { path: place });
  setTimeout(() => {
    console.log('the client waited too long');
    process.exit(1);
  }, LIMIT_MS).unref();
  let text = '';
  const state = { ended: false };
  let wake = (): void => undefined;
  socket.setEncoding('latin1');
  socket.on('data', (piece: string) => {
    text += piece;
    wake();
  });
  const end = (): void => {
    state.ended = true;
    wake();
  };
  socket.on('close', end);
  socket.on('error', end);

  /** The next packet's content; it is acknowledged. */
  const next = async (): Promise<string | null> => {
    for (;;) {
      const [all, content = ''] = /^[^$]*\$([^#]*)#[0-9a-f]{2}/s.exec(text) ?? [];
      if (all !== undefined) {
        text = text.slice(all.length);
        if (!state.ended) socket.write('+');
        return content;
      }
      if (state.ended) return null;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };

  const answers: (string | null)[] = [];
  for (const step of steps) {
    if ('packet' in step) {
      if (!state.ended) socket.write(framed(step.packet), 'latin1');
      answers.push(await next());
    } else if ('raw' in step) {
      if (!state.ended) socket.write(step.raw, 'latin1');
    } else if ('wait' in step) answers.push(await next());
    else if ('until' in step) {
      let at: string | null = '';
      for (let pause = 20; at !== null && at !== step.until; pause *= 2) {
        socket.write(framed('c'));
        await new Promise((resolve) => setTimeout(resolve, pause));
        socket.write('\x03');
        answers.push(await next());
        socket.write(framed('p10'));
        at = await next();
      }
    } else if ('end' in step) {
      while (!state.ended) await new Promise<void>((resolve) => (wake = resolve));
    } else socket.destroy();
  }
  console.log(JSON.stringify(answers));
  socket.destroy();
}

if (import.meta.main) {
  const [place = '', steps = ''] = process.argv.slice(2);
  await main(place, JSON.parse(Buffer.from(steps, 'base64').toString()) as Step[]);
}
