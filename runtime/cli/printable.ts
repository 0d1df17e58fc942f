// Text from outside (file names, device names in an image) made fit for a terminal and for one line.

/** `text` with control characters, which could steer a terminal, written as \xNN; cut to `limit` characters. */
export function printable(text: string, limit = 200): string {
  const safe = text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (c) => `\\x${c.codePointAt(0)?.toString(16).padStart(2, '0')}`,
  );
  return safe.length > limit ? `${safe.slice(0, limit)}…` : safe;
}
