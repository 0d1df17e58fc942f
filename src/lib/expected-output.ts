// A recording's text in pieces, so that a page can show what stands for a value apart from what is printed as it stands.

export interface Piece {
  readonly text: string;
  /** Literal text, a placeholder like ‹duration›, or a line that stands for any number of lines. */
  readonly kind: 'literal' | 'placeholder' | 'ellipsis';
}

export function pieces(output: string): Piece[] {
  return output.split(/(‹[a-z]+›|^…$)/m).flatMap((text): Piece[] => {
    if (text === '') return [];
    return [{ text, kind: text === '…' ? 'ellipsis' : /^‹[a-z]+›$/.test(text) ? 'placeholder' : 'literal' }];
  });
}
