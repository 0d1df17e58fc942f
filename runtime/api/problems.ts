// What can be wrong with a request, each under a name that is part of the API.

export const PROBLEMS = {
  malformed: [400, 'The request makes no sense', 'Send what the description of the API says.'],
  unauthorized: [
    401,
    'It is not known who asks',
    'Show a client certificate, or a token in `Authorization: Bearer`.',
  ],
  forbidden: [403, 'That may not be asked', 'Ask for a token or a certificate that allows it.'],
  policy: [403, 'A policy is in the way', 'Ask for less, or have the policy raised by whoever has set it.'],
  'not-found': [404, 'There is no such thing', 'The list of its kind shows what there is.'],
  method: [405, 'That cannot be done with it', 'The header `Allow` says what can.'],
  conflict: [409, 'It does not go with what there is', 'Change what is in the way first.'],
  precondition: [412, 'It is not as it was expected to be', 'Look at it again, and decide anew.'],
  'too-large': [413, 'The request is too large', 'Send less.'],
  'unsupported-media': [415, 'Its content is of another type', 'The description of the API has the types.'],
  refused: [422, 'It cannot be done', 'The reason says why.'],
  busy: [429, 'As much is going on as is allowed', 'Try again later.'],
  internal: [500, 'Something went wrong here', 'The log of kittiwaked-http says what.'],
  unavailable: [503, 'kittiwaked does not answer', 'Start it: `systemctl start kittiwaked.socket`.'],
} as const satisfies Record<string, readonly [status: number, title: string, remedy: string]>;

export type ProblemKind = keyof typeof PROBLEMS;
