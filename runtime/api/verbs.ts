/** What a token allows: each operation needs one of these, or none. */
export const VERBS = [
  ...(['read', 'console', 'image', 'create', 'restart', 'stop', 'delete', 'block', 'policy'] as const),
] as const;
export type Verb = (typeof VERBS)[number];
