// Messages as Albatross 2.7 has them on the wire, in hexadecimal, and what they say.
import type { Message } from '../../runtime/protocol/message.ts';

const foo = { path: [], label: 'foo' };
const hello = { path: ['foo'], label: 'hello' };
const disk = { path: ['foo'], label: 'b' };

export const VECTORS: readonly (readonly [about: string, hex: string, message: Omit<Message, 'sequence'>])[] =
  [
    [
      'console: the last 20 lines of :foo, and what follows',
      '30203013020105040800000000000000000c043a666f6fa009a007a205a103020114',
      {
        name: foo,
        payload: {
          kind: 'command',
          value: { kind: 'console', value: { kind: 'subscribe', value: { kind: 'count', value: 20 } } },
        },
      },
    ],
    [
      'unikernel: info of all',
      '301a3010020105040800000000000000000c013aa006a304b3020500',
      {
        name: { path: [] },
        payload: { kind: 'command', value: { kind: 'unikernel', value: { kind: 'info' } } },
      },
    ],
    [
      'policy: add to foo',
      '303b3013020105040800000000000000000c04666f6f3aa024a422a120301e3006020100020101020104020202000202040030090c0773657276696365',
      {
        name: { path: ['foo'] },
        payload: {
          kind: 'command',
          value: {
            kind: 'policy',
            value: {
              kind: 'add',
              value: { cpuids: [0, 1], unikernels: 4, memory: 512, block: 1024, bridges: ['service'] },
            },
          },
        },
      },
    ],
    [
      'unikernel: create foo:hello, the image follows',
      '305e3018020105040800000000000000000c09666f6f3a68656c6c6fa042a340b43e303ca002050001010004000101ffa00205003103020100020120a10d310b30090c0773657276696365a20e300c0c0a2d2d68656c6c6f3d4869a303020101',
      {
        name: hello,
        payload: {
          kind: 'command',
          value: {
            kind: 'unikernel',
            value: {
              kind: 'create',
              value: {
                typ: 'solo5',
                compressed: false,
                image: new Uint8Array(0),
                addName: true,
                failBehaviour: { kind: 'quit' },
                cpuids: [0],
                memory: 32,
                blocks: [],
                bridges: [{ name: 'service' }],
                arguments: ['--hello=Hi'],
                cpus: 1,
              },
            },
          },
        },
      },
    ],
    [
      'success: created unikernel',
      '30313018020105040800000000000000000c09666f6f3a68656c6c6fa115a1130c116372656174656420756e696b65726e656c',
      {
        name: hello,
        payload: { kind: 'success', value: { kind: 'text', value: 'created unikernel' } },
      },
    ],
    [
      'block: set, compressed, the data follows',
      '301f3014020105040800000000000000000c05666f6f3a62a007a505a7030101ff',
      {
        name: disk,
        payload: { kind: 'command', value: { kind: 'block', value: { kind: 'set', value: true } } },
      },
    ],
    [
      'block: the end of the data',
      '301e3014020105040800000000000000000c05666f6f3a62a306a404a1020500',
      { name: disk, payload: { kind: 'data', value: { kind: 'block', value: { kind: 'end' } } } },
    ],
  ];
