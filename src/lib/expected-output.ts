// A recording's text in pieces, so that a page can show what stands for a value apart from what is printed as it stands.

export interface Piece {
  readonly text: string;
  /** Literal text, a placeholder like ‹duration›, or a line that stands for any number of lines. */
  readonly kind: 'literal' | 'placeholder' | 'ellipsis';
}

export function pieces(output: string): Piece[] {
  // What split() keeps of its separators stands at the odd places.
  return output.split(/(‹[a-z]+(?::[a-z][a-z0-9-]*)?›|^…$)/m).flatMap((text, index): Piece[] => {
    if (text === '') return [];
    return [{ text, kind: index % 2 === 0 ? 'literal' : text === '…' ? 'ellipsis' : 'placeholder' }];
  });
}
