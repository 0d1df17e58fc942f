// Types made of others: SEQUENCE, SET OF, explicit tags, CHOICE.
import { malformed } from '../errors.ts';
import { bytesOf, constructed, CONTEXT, isTagged, TAG, UNIVERSAL, type Block } from './block.ts';
import { expect, parts, type Codec } from './codec.ts';

const isSequence = (block: Block): boolean => isTagged(block, UNIVERSAL, TAG.sequence);
const sequenceBlock = (members: readonly Block[]): Block => constructed(UNIVERSAL, TAG.sequence, members);

/** The one value that an explicit tag holds. */
function onlyIn<T>(block: Block, inner: Codec<T>): T {
  const held = parts(block, inner.what);
  if (held.length > 1) throw malformed(inner.what, `[${block.tagNumber}] holds more than one value`);
  return expect(inner, held[0]);
}

/** `[number] EXPLICIT`. */
export function explicit<T>(number: number, inner: Codec<T>): Codec<T> {
  return {
    what: inner.what,
    accepts: (block) => isTagged(block, CONTEXT, number),
    encode: (value) => constructed(CONTEXT, number, [inner.encode(value)]),
    decode: (block) => onlyIn(block, inner),
  };
}

/** `[number] IMPLICIT` of a constructed type: its tag stands in place of the type's own. */
export function implicit<T>(number: number, inner: Codec<T>): Codec<T> {
  return {
    what: inner.what,
    accepts: (block) => isTagged(block, CONTEXT, number),
    encode: (value) => constructed(CONTEXT, number, parts(inner.encode(value), inner.what)),
    decode: inner.decode,
  };
}

/** A member of a SEQUENCE that may be absent. */
export interface Optional<T> {
  readonly optional: Codec<T>;
}
export const optional = <T>(codec: Codec<T>): Optional<T> => ({ optional: codec });

/** A member that has a value even where it is absent. It is left out where `omit` says so of its value. */
export interface Defaulted<T> {
  readonly defaulted: Codec<T>;
  readonly absent: T;
  readonly omit: (value: T) => boolean;
}
export const defaulted = <T>(codec: Codec<T>, absent: T, omit: (value: T) => boolean): Defaulted<T> => ({
  defaulted: codec,
  absent,
  omit,
});

/** A list that is left out where it is empty. */
export const listed = <T>(codec: Codec<readonly T[]>): Defaulted<readonly T[]> =>
  defaulted(codec, [], (list) => list.length === 0);

type Member<T> = Codec<T> | Optional<T> | Defaulted<T>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any member at all: only `any` is both what is read and what is written.
type Members = Readonly<Record<string, Member<any>>>;

type Required<M> = { [K in keyof M as M[K] extends { readonly optional: unknown } ? never : K]: M[K] };
type OptionalOf<M> = { [K in keyof M as M[K] extends { readonly optional: unknown } ? K : never]: M[K] };
type ValueOf<M> =
  M extends Codec<infer T> ? T : M extends Optional<infer T> ? T : M extends Defaulted<infer T> ? T : never;

/** What a SEQUENCE of `M` is here: an object with a field a member. */
export type Fields<M> = { readonly [K in keyof Required<M>]: ValueOf<M[K & keyof M]> } & {
  readonly [K in keyof OptionalOf<M>]?: ValueOf<M[K & keyof M]>;
};

/** What a type is made of, or how to make that once it is needed: a program that speaks of little does not make the whole protocol. */
type Lazily<T> = T | (() => T);

const made = <T extends object>(lazy: Lazily<T>): T => (typeof lazy === 'function' ? lazy() : lazy);

/** A SEQUENCE of named members, in the order given. */
export function sequence<const M extends Members>(what: string, members: Lazily<M>): Codec<Fields<M>> {
  let entries: [string, Members[string]][] | undefined;
  const named = (): [string, Members[string]][] => (entries ??= Object.entries(made(members)));
  return {
    what,
    accepts: isSequence,
    encode(value) {
      const fields = value as Readonly<Record<string, unknown>>;
      const blocks = named().flatMap(([name, member]): Block[] => {
        const field = fields[name];
        if ('optional' in member) return field === undefined ? [] : [member.optional.encode(field)];
        if ('defaulted' in member) return member.omit(field) ? [] : [member.defaulted.encode(field)];
        return [member.encode(field)];
      });
      return sequenceBlock(blocks);
    },
    decode(block) {
      const left = parts(block, what);
      const fields: Record<string, unknown> = {};
      let at = 0;
      for (const [name, member] of named()) {
        const next = left[at];
        if ('optional' in member) {
          if (next === undefined || !member.optional.accepts(next)) continue;
          fields[name] = member.optional.decode(next);
        } else if ('defaulted' in member) {
          if (next === undefined || !member.defaulted.accepts(next)) {
            fields[name] = member.absent;
            continue;
          }
          fields[name] = member.defaulted.decode(next);
        } else fields[name] = expect(member, next, `${what}: ${member.what}`);
        at += 1;
      }
      if (at < left.length)
        throw malformed(what, `it has ${left.length} members, of which only ${at} belong there`);
      return fields as Fields<M>;
    },
  };
}

export function sequenceOf<T>(what: string, item: Codec<T>): Codec<readonly T[]> {
  return {
    what,
    accepts: isSequence,
    encode: (list) => sequenceBlock(list.map(item.encode)),
    decode: (block) => parts(block, what).map((part) => expect(item, part)),
  };
}

/** A SET OF: written in the order of the encodings (X.690 §11.6), read in any. */
export function setOf<T>(what: string, item: Codec<T>): Codec<readonly T[]> {
  return {
    what,
    accepts: (block) => isTagged(block, UNIVERSAL, TAG.set),
    encode(list) {
      const written = list.map((value) => {
        const block = item.encode(value);
        return { ...block, encoded: bytesOf(block) };
      });
      return constructed(
        UNIVERSAL,
        TAG.set,
        written.sort((a, b) => Buffer.compare(a.encoded, b.encoded)),
      );
    },
    decode: (block) => parts(block, what).map((part) => expect(item, part)),
  };
}

/** The same type with another face here. */
export function mapped<A, B>(codec: Codec<A>, read: (value: A) => B, write: (value: B) => A): Codec<B> {
  return {
    ...codec,
    encode: (value) => codec.encode(write(value)),
    decode: (block) => read(codec.decode(block)),
  };
}

/** A form that older peers send: it is read, and never written. */
export function older<A, B>(codec: Codec<A>, read: (value: A) => B): Codec<B> {
  return mapped(codec, read, () => {
    throw malformed(codec.what, 'this form is only read');
  });
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
type Form = readonly [tag: number, codec: Codec<any>];
type Alternatives = Readonly<Record<string, readonly [...Form, ...olderForms: Form[]]>>;

type Chosen<K, T> = [T] extends [undefined] ? { readonly kind: K } : { readonly kind: K; readonly value: T };

/** What a CHOICE of `A` is here: `{ kind, value }`, without `value` where the alternative is NULL. */
export type Choice<A extends Alternatives> = {
  [K in keyof A]: Chosen<K, A[K][1] extends Codec<infer T> ? T : never>;
}[keyof A];

/** A CHOICE by explicit tags. After the form that is written, an alternative may name older ones that are read as well. */
export function choice<const A extends Alternatives>(
  what: string,
  alternatives: Lazily<A>,
): Codec<Choice<A>> {
  let known: Alternatives | undefined;
  const all = (): Alternatives => (known ??= made(alternatives));
  // There are few: looking through them costs less than anything that is made to find them in.
  const formOf = (number: number): { readonly kind: string; readonly codec: Codec<unknown> } | undefined => {
    for (const [kind, [tag, codec, ...olderForms]] of Object.entries(all())) {
      if (tag === number) return { kind, codec };
      const form = olderForms.find(([other]) => other === number);
      if (form) return { kind, codec: form[1] };
    }
    return undefined;
  };
  return {
    what,
    accepts: (block) => block.tagClass === CONTEXT && formOf(block.tagNumber) !== undefined,
    encode(chosen) {
      const { kind, value } = chosen as { kind: string; value?: unknown };
      if (!Object.hasOwn(all(), kind)) throw malformed(what, `there is no ${kind}`);
      const [tag, codec] = all()[kind] as Alternatives[string];
      return constructed(CONTEXT, tag, [codec.encode(value)]);
    },
    decode(block) {
      const alternative = formOf(block.tagNumber);
      if (!alternative) throw malformed(what, `there is no [${block.tagNumber}]`);
      const { kind, codec } = alternative;
      const value = onlyIn(block, codec);
      return (value === undefined ? { kind } : { kind, value }) as Choice<A>;
    },
  };
}
