// What the firewall does with an imagined packet, by rules as nft(8) lists them.
import { describe, expect, test } from 'vitest';
import { isTranslated, judgeForward } from '../../runtime/doctor/firewall/judge.ts';
import type { Packet } from '../../runtime/doctor/firewall/match.ts';
import { parseRuleset, type Expression } from '../../runtime/network/ruleset.ts';

const packet: Packet = {
  ...{ family: 4, from: '10.0.0.2', to: '192.0.2.2', iif: 'tap0', oif: 'eth0' },
  ...{ protocol: 'tcp', port: 443, state: 'new' },
};
const accept: Expression = { accept: null };
const drop: Expression = { drop: null };
const match = (left: object, right: unknown, op = '=='): Expression => ({ match: { op, left, right } });
const meta = (key: string): object => ({ meta: { key } });
const field = (protocol: string, name: string): object => ({ payload: { protocol, field: name } });
const xt = (type: string, name: string): Expression => ({ xt: { type, name } });

type Rules = readonly (readonly Expression[])[];

/** A ruleset with one base chain of `rules`, and others to jump to. */
function rules(
  own: Rules,
  { policy = 'accept', hook = 'forward', type = 'filter', others = {} } = {},
): string {
  const where = { family: 'inet', table: 'wall' };
  const chains = Object.entries({ base: own, ...(others as Record<string, Rules>) });
  return JSON.stringify({
    nftables: [
      ...chains.map(([name]) => ({
        chain: { ...where, name, ...(name === 'base' && { hook, type, prio: 0, policy }) },
      })),
      { set: { ...where, name: 'ours', elem: [{ prefix: { addr: '10.0.0.0', len: 8 } }, '192.0.2.9'] } },
      ...chains.flatMap(([chain, list]) =>
        list.map((expr, handle) => ({ rule: { ...where, chain, handle, expr } })),
      ),
    ],
  });
}

const judged = (text: string, asked: Packet = packet): string => judgeForward(parseRuleset(text), asked).end;

describe('a chain', () => {
  test('without rules is as its policy', () => {
    expect(judged(rules([]))).toBe('passes');
    expect(judged(rules([], { policy: 'drop' }))).toBe('dropped');
  });

  test.each<[string, Expression, boolean]>([
    ['iifname', match(meta('iifname'), 'tap0'), true],
    ['a name with *', match(meta('iifname'), 'ta*'), true],
    ['another name', match(meta('oifname'), 'tap0'), false],
    ['!=', match(meta('iifname'), 'tap0', '!='), false],
    ['a set', match(meta('iifname'), { set: ['tap1', 'tap0'] }), true],
    ['a prefix', match(field('ip', 'saddr'), { prefix: { addr: '10.0.0.0', len: 24 } }), true],
    ['a prefix beside it', match(field('ip', 'saddr'), { prefix: { addr: '10.0.1.0', len: 24 } }), false],
    ['a range', match(field('ip', 'daddr'), { range: ['192.0.2.1', '192.0.2.2'] }), true],
    ['a range before it', match(field('ip', 'daddr'), { range: ['192.0.2.0', '192.0.2.1'] }), false],
    ['a named set', match(field('ip', 'saddr'), '@ours'), true],
    ['a named set without it', match(field('ip', 'daddr'), '@ours'), false],
    ['IPv6', match(field('ip6', 'saddr'), 'fd00::2'), false],
    ['a port', match(field('tcp', 'dport'), 443), true],
    ['ports', match(field('tcp', 'dport'), { range: [80, 443] }), true],
    ['another port', match(field('tcp', 'dport'), 80), false],
    ['another protocol', match(field('udp', 'dport'), 443), false],
    ['a protocol', match(meta('l4proto'), { set: ['tcp', 'udp'] }), true],
    ['a state', match({ ct: { key: 'state' } }, ['new'], 'in'), true],
    ['other states', match({ ct: { key: 'state' } }, ['established', 'related'], 'in'), false],
    ['what is for the host', match({ fib: { result: 'type', flags: ['daddr'] } }, 'local'), false],
  ])('knows %s', (_, expression, fits) => {
    expect(judged(rules([[expression, { counter: {} }, drop]]))).toBe(fits ? 'dropped' : 'passes');
    expect(judged(rules([[expression, accept]], { policy: 'drop' }))).toBe(fits ? 'passes' : 'dropped');
  });

  test('is not accused for what cannot be known', () => {
    const unknown = [xt('match', 'conntrack'), accept];
    expect(judged(rules([unknown], { policy: 'drop' }))).toBe('unclear');
    expect(judged(rules([unknown, [drop]]))).toBe('unclear');
    expect(judged(rules([[match(meta('time'), 1), drop]]))).toBe('unclear');
    expect(judged(rules([[{ queue: {} }]]))).toBe('unclear');
    // What an earlier rule decides needs no later one.
    expect(judged(rules([[drop], unknown]))).toBe('dropped');
    expect(judged(rules([[xt('match', 'comment'), { counter: {} }]], { policy: 'drop' }))).toBe('dropped');
  });

  test('jumps, returns and goes elsewhere', () => {
    const to = (verdict: 'jump' | 'goto'): Rules => [[{ [verdict]: { target: 'more' } }], [accept]];
    const closed = { policy: 'drop' };
    expect(judged(rules(to('jump'), { ...closed, others: { more: [] } }))).toBe('passes');
    expect(judged(rules(to('jump'), { ...closed, others: { more: [[{ return: null }], [drop]] } }))).toBe(
      'passes',
    );
    expect(judged(rules(to('goto'), { ...closed, others: { more: [] } }))).toBe('dropped');
    expect(judged(rules(to('jump'), { others: { more: [[drop]] } }))).toBe('dropped');
    // Endlessly is not what the kernel allows.
    expect(judged(rules(to('jump'), { others: { more: [[{ jump: { target: 'more' } }]] } }))).toBe('unclear');
  });

  test('looks verdicts up', () => {
    const key = { ct: { key: 'state' } };
    const set = [
      ['established', accept],
      ['new', drop],
    ];
    expect(judged(rules([[{ vmap: { key, data: { set } } }]]))).toBe('dropped');
    expect(judged(rules([[{ vmap: { key, data: { set } } }]]), { ...packet, state: 'established' })).toBe(
      'passes',
    );
  });

  test('names the rule that ends the way', () => {
    const outcome = judgeForward(parseRuleset(rules([[{ log: {} }], [drop]])), packet);
    expect(outcome).toMatchObject({ end: 'dropped', by: { rule: { handle: 1 }, chain: { name: 'base' } } });
  });
});

describe('translation', () => {
  const nat = { hook: 'postrouting', type: 'nat' };
  const translated = (own: Rules, others = {}): boolean | undefined =>
    isTranslated(parseRuleset(rules(own, { ...nat, others })), packet);

  test('is masquerade or snat, of iptables, too', () => {
    expect(translated([[match(meta('oifname'), 'eth0'), { masquerade: null }]])).toBe(true);
    expect(translated([[{ snat: { addr: '192.0.2.1' } }]])).toBe(true);
    expect(translated([[xt('target', 'MASQUERADE')]])).toBe(true);
    expect(translated([[{ jump: { target: 'more' } }]], { more: [[{ masquerade: null }]] })).toBe(true);
  });

  test('is not what is for others, or ends before', () => {
    expect(translated([])).toBe(false);
    expect(translated([[match(meta('oifname'), 'eth1'), { masquerade: null }]])).toBe(false);
    expect(translated([[accept], [{ masquerade: null }]])).toBe(false);
    expect(translated([[xt('match', 'mark'), { masquerade: null }]])).toBeUndefined();
  });
});
