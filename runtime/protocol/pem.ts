// PEM (RFC 7468): DER as lines of text, so that it can be mailed and pasted.

const LINE = 64;

/** Lines between a beginning and the end of the same, with headers before them or not. */
const BLOCK =
  /-{5}BEGIN ([^\n-]+)-{5}\n(?:(?:[^:\n]+: ?[^\n]+\n)+\n?)?((?:[A-Za-z0-9+/=]+\n)+)-{5}END \1-{5}/g;

export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** What is in the blocks `label` of `text`, in DER. @throws Error where one is damaged. */
export function fromPem(label: string, text: string): Buffer[] {
  const found = [...text.replaceAll('\r', '').matchAll(BLOCK)].filter(([, name]) => name === label);
  return found.map(([, , lines = '']) => {
    const base64 = lines.replaceAll('\n', '');
    const der = Buffer.from(base64, 'base64');
    if (der.toString('base64') !== base64) throw new Error(`${label}: it is damaged`);
    return der;
  });
}
