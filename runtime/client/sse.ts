// Server-sent events as they come (HTML, section 9.2), with whatever of them is used here: data and identifiers. `EventSource` would send no token.

/** Characters of the largest event that is taken. */
const EVENT_MAX = 4 << 20;

export interface ServerSentEvent {
  readonly event: string;
  readonly id?: string;
  readonly data: string;
}

/** Lines, whatever they end with. What is not ended is none. */
async function* lines(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      // A CR at the end may be the first half of a CR LF.
      for (let found = /\r\n|\n|\r(?!$)/.exec(text); found; found = /\r\n|\n|\r(?!$)/.exec(text)) {
        yield text.slice(0, found.index);
        text = text.slice(found.index + found[0].length);
      }
      if (text.length > EVENT_MAX) throw new Error('server-sent events: one of them is too large');
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

export async function* serverSentEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<ServerSentEvent, void> {
  let event = '';
  let id: string | undefined;
  let data: string[] = [];
  for await (const line of lines(body)) {
    if (line === '') {
      if (data.length > 0)
        yield { event: event || 'message', data: data.join('\n'), ...(id === undefined ? {} : { id }) };
      event = '';
      data = [];
      continue;
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) id = value;
  }
}
