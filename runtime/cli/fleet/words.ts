// Steps as people read them.
import { formatName, type Name } from '../../protocol/name.ts';
import { shownName } from '../orchestrated.ts';
import { describePolicy } from '../policy-options.ts';
import { printable } from '../printable.ts';
import { shellWords } from '../shell-words.ts';
import { shortDigest } from './differences.ts';
import type { Step } from './plan.ts';
import type { WantedUnikernel } from './wanted.ts';

const policyName = (path: Name): string => `policy of ${formatName(path).replace(/:$/, '')}`;

export interface Words {
  /** Whether something comes, goes or changes. */
  readonly sign: '+' | '-' | '~';
  readonly subject: string;
  readonly text: string;
}

const imageWords = ({ image, digest }: WantedUnikernel): string =>
  image ? `${image.called} (${shortDigest(digest)}…)` : `the image ${shortDigest(digest)}…`;

function settings({ config }: WantedUnikernel): string {
  return [
    `${config.memory} MB`,
    ...config.bridges.map(({ name, bridge }) => `${name} on ${bridge ?? name}`),
    ...config.blocks.map(({ name, hostDevice }) => `${name} is ${hostDevice ?? name}`),
    ...(config.arguments ? [shellWords(config.arguments)] : []),
  ].join(', ');
}

export function wordsOf(step: Step): Words {
  switch (step.kind) {
    case 'policy':
      return step.changes.length === 0
        ? { sign: '+', subject: policyName(step.path), text: describePolicy(step.policy) }
        : { sign: '~', subject: policyName(step.path), text: step.changes.join('; ') };
    case 'remove-policy':
      return { sign: '-', subject: policyName(step.path), text: 'removed' };
    case 'add-block': {
      const { name, size, contents } = step.block;
      const filled = contents === undefined ? '' : `, filled from ${contents}`;
      return { sign: '+', subject: `block ${shownName(name)}`, text: `${size} MB${filled}` };
    }
    case 'fill-block':
      return {
        sign: '~',
        subject: `block ${shownName(step.block.name)}`,
        text: `filled from ${step.block.contents ?? ''}, as somebody began to`,
      };
    case 'remove-block':
      return {
        sign: '-',
        subject: `block ${shownName(step.name)}`,
        text: `removed, with the ${step.size} MB on it`,
      };
    case 'create':
      return {
        sign: '+',
        subject: shownName(step.unikernel.name),
        text: `${imageWords(step.unikernel)}: ${settings(step.unikernel)}`,
      };
    case 'replace':
    case 'change':
      return { sign: '~', subject: shownName(step.unikernel.name), text: step.changes.join('; ') };
    case 'start':
      return { sign: '~', subject: shownName(step.unikernel.name), text: `started: it ended (${step.why})` };
    case 'remove':
      return { sign: '-', subject: shownName(step.name), text: 'removed' };
  }
}

/** A step in one line. */
export function lineOf(step: Step): string {
  const { sign, subject, text } = wordsOf(step);
  return `${sign} ${subject}: ${printable(text, 1000)}`;
}
